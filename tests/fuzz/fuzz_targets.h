// The entry functions of the fuzzers. Each takes any bytes and ends the process where a property
// does not hold; how it reads the bytes is said here, for those who write seeds by hand.
#pragma once

#include <string_view>

namespace genledger {

// A spec: parts divided by NUL bytes, each a letter and a value: m(odel) p(rompt) d(uration)
// a(spect_ratio) t (generation_type) i(mage url) r(esolution) g(if) o(fficial_fallback).
// Canonicalise, validate, canonicalise again, encode, decode.
void FuzzValidator(std::string_view input);

// The canonical encoding of a request: what decodes encodes to the same bytes.
void FuzzEncoding(std::string_view input);

// An answer of the upstream: a status, a newline, a Retry-After, a newline, and the body. An even
// status is a whole answer; an odd one that of a connection which was lost.
void FuzzUpstream(std::string_view input);

// A list filter: parsed, matched against some submissions, negated.
void FuzzFilter(std::string_view input);

// A page token; and, as a filter, what a token is bound to.
void FuzzPageToken(std::string_view input);

// A body of the JSON front: what is read of it reads the same again.
void FuzzJson(std::string_view input);

// The target of a request to the JSON front: its path and query.
void FuzzUrl(std::string_view input);

struct FuzzTarget {
  std::string_view name;  // of its corpus and its binary
  void (*run)(std::string_view input);
};

inline constexpr FuzzTarget kFuzzTargets[] = {
    {"validator", FuzzValidator},
    {"encoding", FuzzEncoding},
    {"upstream", FuzzUpstream},
    {"filter", FuzzFilter},
    {"page_token", FuzzPageToken},
    {"json", FuzzJson},
    {"url", FuzzUrl},
};

}  // namespace genledger
