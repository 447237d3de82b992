"""What goes with genledgerctl: completion in real shells, and the man page that says what --help says."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

from ctl_case import CTL
from harness import PATIENCE_SECONDS, ROOT, Case, main

MAN_PAGE = ROOT / "clients/cpp/genledgerctl/genledgerctl.1"
FLAG = re.compile(r"^  --(\w+)", re.MULTILINE)


def ctl(*words):
    return subprocess.run([CTL, *words], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True).stdout


def verbs():
    overview = ctl("help")
    return re.findall(r"^  (\w+)  ", overview[overview.index("\nverbs:"):overview.index("\nflags of")], re.MULTILINE)


def flags_of(verb):
    """Those of the verb alone, and those of every verb."""
    own, _, of_every_verb = ctl("help", verb).partition("\nflags of every verb:")
    return set(FLAG.findall(own.partition("\nflags:")[2])), set(FLAG.findall(of_every_verb.partition("\nexamples")[0]))


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, case, *command):
        master, slave = pty.openpty()
        self._master, self._seen = master, ""
        environment = {"PATH": f"{CTL.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "READY ", "HOME": "/",
                       "LC_ALL": "C.UTF-8"}
        self._process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment,
                                         cwd=case.directory, start_new_session=True)
        os.close(slave)
        case.addCleanup(os.close, master)
        case.addCleanup(self._process.wait)
        case.addCleanup(self._process.kill)

    def type(self, keys):
        self._seen = ""
        os.write(self._master, keys.encode())

    def expect(self, pattern):
        """Waits until the terminal shows it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not re.search(pattern, self._seen):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited for {pattern!r}, saw {self._seen!r}")
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if ready:
                self._seen += os.read(self._master, 65536).decode(errors="replace")


class CompletionTest(Case):
    def complete(self, *words):
        """What bash offers for the last of the words, as bash itself splits them."""
        script = ('source <("$0" completion bash)\nCOMP_WORDS=(genledgerctl "$@")\nCOMP_CWORD=$#\n'
                  '_genledgerctl\nprintf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, CTL, *words], cwd=self.directory, capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_knows_every_verb_and_flag(self):
        self.assertEqual([word for word in self.complete("") if not word.startswith("--")], [*verbs(), "help"])
        for verb in verbs():
            own, of_every_verb = flags_of(verb)
            offered = {word.strip("-=") for word in self.complete(verb, "--")}
            self.assertEqual(offered, own | of_every_verb, verb)
        self.assertEqual(self.complete("completion", ""), ["bash", "zsh", *self.complete("models", "")])
        self.assertEqual(self.complete("help", "li"), ["list"])

    def test_bash_knows_values_and_files(self):
        (self.directory / "jobs with spaces.jsonl").touch()
        self.assertEqual(self.complete("get", "--output", "=", ""), ["table", "json", "id"])
        self.assertEqual(self.complete("get", "--output", "j"), ["json"])
        self.assertEqual(self.complete("submit", "--ambiguity_policy", "="), ["hold", "resubmit_once", "fail"])
        self.assertEqual(self.complete("--output", "=", "json", "wat"), ["watch"])
        self.assertEqual(self.complete("submit", "--file", "=", "jobs"), ["jobs", "with", "spaces.jsonl"])
        self.assertEqual(self.complete("submit", "--prompt", "=", ""), [])

    def test_bash_on_a_terminal(self):
        bash = Shell(self, "bash", "--norc", "--noprofile", "-i")
        bash.type("source <(genledgerctl completion bash) && echo sou''rced\n")
        bash.expect("sourced")
        bash.type("genledgerctl sub\t--conc\t12")
        bash.expect(r"genledgerctl submit --concurrency=12")

    @unittest.skipUnless(shutil.which("zsh"), "NOT TESTED: zsh is installed by ./test.sh --all")
    def test_zsh_on_a_terminal(self):
        zsh = Shell(self, "zsh", "-f", "-i")
        zsh.type("autoload -U compinit; compinit -u -D; source <(genledgerctl completion zsh); echo sou''rced\n")
        zsh.expect("sourced")
        zsh.type("genledgerctl sub\t--conc\t12 --outp\tjs\t")
        zsh.expect(r"submit.*--concurrency=.*12.*--output=.*json")
        zsh.type("\x15genledgerctl resolve --adop\tx")
        zsh.expect(r"--adopt_task_id=")

    def test_another_shell_is_a_usage_error(self):
        for words in (["completion"], ["completion", "fish"], ["completion", "bash", "zsh"]):
            self.assertEqual(subprocess.run([CTL, *words], capture_output=True, check=False).returncode, 2)

    def test_the_bash_script_is_clean(self):
        script = self.directory / "completion.bash"
        script.write_text(ctl("completion", "bash"))
        done = subprocess.run(["shellcheck", "--shell=bash", script], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "")


class VersionTest(Case):
    def test_it_is_that_of_the_server(self):
        source = (ROOT / "service/server/version.h").read_text(encoding="utf-8")
        server = re.search(r'kVersion\[\] = "(.*)"', source).group(1)
        for words in (["--version"], ["submit", "--version"]):
            self.assertEqual(ctl(*words), f"genledgerctl {server}\n")


class ManPageTest(Case):
    def test_it_names_every_verb_and_flag_that_help_has_and_no_other(self):
        page = MAN_PAGE.read_text(encoding="utf-8")
        verbs_part = page[page.index(".SH VERBS"):page.index(".SH FLAGS OF EVERY VERB")]
        sections = dict(re.findall(r"^\.SS (\w+)[^\n]*\n(.*?)(?=^\.SS |\Z)", verbs_part, re.MULTILINE | re.DOTALL))
        self.assertEqual(list(sections), verbs())
        named = re.compile(r"^\.BI? \\-\\-(\w+)", re.MULTILINE)
        of_every_verb = set()
        for verb, section in sections.items():
            own, of_every_verb = flags_of(verb)
            self.assertEqual(set(named.findall(section)), own, verb)
        common = page[page.index(".SH FLAGS OF EVERY VERB"):page.index(".SH EXIT STATUS")]
        self.assertEqual(set(named.findall(common)), of_every_verb)

    def test_it_says_what_help_says(self):
        text = subprocess.run(["mandoc", "-T", "utf8", MAN_PAGE], capture_output=True, text=True, check=True).stdout
        shown = " ".join(re.sub("\b.", "", text).replace("\u2010", "-").replace("\u2019", "'").split())
        for verb in verbs():
            for line in ctl("help", verb).splitlines():
                flag = re.match(r"  (--\w+)\S*\s{2,}(.*)", line)
                if flag:
                    self.assertIn(flag.group(2).replace(" (repeatable)", ""), shown)
        codes = ctl("help").partition("exit codes:\n")[2]
        for number, meaning in re.findall(r"^ +(\d+)  (.*)$", codes, re.MULTILINE):
            self.assertIn(f"{number} {meaning}", shown)

    def test_it_is_well_formed(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MAN_PAGE], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.stdout + done.stderr, "")


if __name__ == "__main__":
    main()
