"""How the programs of the upstream's page are built and run, each by the tools that Debian has for its language."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Language:
    """Commands run in the directory of the program."""

    file: str  # what the program is called there
    run: tuple  # a command
    build: tuple = ()  # a command before it
    probe: tuple = ()  # a command that fails, or cannot be started, where something is missing
    packages: str = ""  # that bring it
    # The variable by which a certificate file is trusted in addition; without one the program's TLS trusts the system alone.
    trust: str = ""
    takes_plaintext: bool = True  # by an http: URL
    # What does not compile as printed, and what is meant.
    mend: dict = dataclasses.field(default_factory=dict)


LANGUAGES = {
    "cURL": Language(file="program.sh", run=("bash", "program.sh"), probe=("curl", "--version"), packages="curl",
                     trust="CURL_CA_BUNDLE"),
    "Python": Language(file="program.py", run=("/usr/bin/python3", "program.py"),
                       probe=("/usr/bin/python3", "-c", "import requests"), packages="python3-requests",
                       trust="REQUESTS_CA_BUNDLE"),
    "JavaScript": Language(file="program.js", run=("node", "program.js"), probe=("node", "-e", "fetch.name"),
                           packages="nodejs", trust="NODE_EXTRA_CA_CERTS"),
    "Java": Language(file="Main.java", build=("javac", "Main.java"), run=("java", "Main"), probe=("javac", "--version"),
                     packages="default-jdk-headless"),
    "C": Language(file="program.c", build=("cc", "-o", "program", "program.c", "-lcurl"), run=("./program",),
                  probe=("curl-config", "--version"), packages="gcc libcurl4-openssl-dev"),
    "Go": Language(file="program.go", build=("go", "build", "program.go"), run=("./program",), probe=("go", "version"),
                   packages="golang-go", trust="SSL_CERT_FILE",
                   mend={'"image_urls":  [': '"image_urls":  []string{', '.png"],': '.png"},'}),
    "PHP": Language(file="program.php", run=("php", "program.php"), probe=("php", "-r", "curl_version();"),
                    packages="php-cli php-curl"),
    # Its program asks for TLS whatever its URL is.
    "Ruby": Language(file="program.rb", run=("ruby", "program.rb"), probe=("ruby", "--version"), packages="ruby",
                     trust="SSL_CERT_FILE", takes_plaintext=False),
    "R": Language(file="program.R", run=("Rscript", "program.R"), probe=("Rscript", "-e", "library(httr); library(jsonlite)"),
                  packages="r-base-core r-cran-httr r-cran-jsonlite"),
    "OCaml": Language(file="program.ml",
                      build=("ocamlfind", "ocamlopt", "-thread", "-package", "cohttp-lwt-unix,yojson", "-linkpkg",
                             "program.ml", "-o", "program"),
                      run=("./program",), probe=("ocamlfind", "query", "cohttp-lwt-unix", "yojson"),
                      packages="ocaml-findlib libcohttp-lwt-unix-ocaml-dev libyojson-ocaml-dev"),
}

# Those that nothing in Debian 12 builds, and why.
NOT_IN_DEBIAN = {
    "C#": "mono-mcs knows neither 'using var' nor an asynchronous Main",
    "Objective-C": "libgnustep-base is built without NSURLSession",
    "Swift": "no compiler",
    "Dart": "no compiler",
}
