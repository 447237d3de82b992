#include "service/auth/credential_lines.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/base/status_macros.h"

namespace genledger {
namespace {

constexpr size_t kTenantBytesMax = 128;
constexpr size_t kAlsoReadsMax = 64;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsTenant(absl::string_view text) {
  return !text.empty() && text.size() <= kTenantBytesMax && text != "-" &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
}

// What is wrong with an attribute; empty: nothing, it is in `line`.
std::string_view ReadAttribute(absl::string_view attribute, CredentialLine& line) {
  if (absl::ConsumePrefix(&attribute, "tenant=")) {
    line.principal.tenant = std::string(attribute);
    return IsTenant(attribute) ? "" : "tenant= must be 1 to 128 visible characters, and not -";
  }
  if (absl::ConsumePrefix(&attribute, "role=")) {
    line.principal.role = attribute == "operator" ? Role::kOperator
                          : attribute == "reader" ? Role::kReader
                                                  : Role::kCaller;
    const bool known = line.principal.role != Role::kCaller || attribute == "caller";
    return known ? "" : "role= must be caller, reader or operator";
  }
  if (absl::ConsumePrefix(&attribute, "reads=")) {
    line.principal.also_reads = absl::StrSplit(attribute, ',');
    const bool good =
        line.principal.also_reads.size() <= kAlsoReadsMax &&
        std::all_of(line.principal.also_reads.begin(), line.principal.also_reads.end(), IsTenant);
    return good ? "" : "reads= must name 1 to 64 tenants, with commas between them";
  }
  if (absl::ConsumePrefix(&attribute, "expires=")) {
    std::string ignored;
    return absl::ParseTime(absl::RFC3339_full, attribute, &line.expire_time, &ignored)
               ? ""
               : "expires= must be a time such as 2027-01-31T00:00:00Z";
  }
  return "there is an attribute that is none of tenant=, role=, reads= and expires=";
}

absl::StatusOr<CredentialLine> ParseLine(absl::string_view text, int number, size_t word_count) {
  CredentialLine line{.number = number};
  std::set<std::string> seen;
  for (const absl::string_view word :
       absl::StrSplit(text, absl::ByAnyChar(" \t\r"), absl::SkipEmpty())) {
    if (line.words.size() < word_count) {
      line.words.emplace_back(word);
      continue;
    }
    if (!seen.emplace(word.substr(0, word.find('='))).second) {
      return LineError(number, "an attribute is given twice");
    }
    if (const std::string_view fault = ReadAttribute(word, line); !fault.empty()) {
      return LineError(number, fault);
    }
  }
  if (line.words.size() < word_count || line.principal.tenant.empty()) {
    return LineError(number, "it is not complete; tenant= is needed");
  }
  if (!line.principal.also_reads.empty() && line.principal.role != Role::kReader) {
    return LineError(number, "reads= is for role=reader");
  }
  return line;
}

}  // namespace

absl::Status LineError(int number, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", View(what)));
}

absl::StatusOr<std::vector<CredentialLine>> ParseCredentialLines(std::string_view text,
                                                                 size_t word_count) {
  std::vector<CredentialLine> lines;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(View(text), '\n')) {
    ++number;
    const absl::string_view bare = absl::StripAsciiWhitespace(line);
    if (bare.empty() || bare.front() == '#') {
      continue;
    }
    GL_ASSIGN_OR_RETURN(CredentialLine parsed, ParseLine(bare, number, word_count));
    lines.push_back(std::move(parsed));
  }
  return lines;
}

}  // namespace genledger
