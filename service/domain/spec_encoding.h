// The canonical encoding of a request: what is hashed, and what the store keeps.
//
// Version 1, byte by byte. All integers are 4 bytes, big-endian. Nothing comes between the fields
// or after the last one.
//
//   tag              4 bytes  47 4c 76 31, the ASCII letters "GLv1"
//   model            text?
//   prompt           text?
//   duration         int?
//   aspect_ratio     text?
//   generation_type  text?
//   image_urls       a 4-byte unsigned count, then that many texts in the caller's order
//   resolution       text?
//   enable_gif       bool?
//   official_fallback bool?
//   variation        text
//
//   text   a 4-byte unsigned length in bytes, then the bytes (UTF-8 as it is, never normalised)
//   text?  00 if absent; otherwise 01 and a text
//   int?   00 if absent; otherwise 01 and 4 bytes, two's complement
//   bool?  00 if absent; otherwise 01 and one byte: 00 false, 01 true
//
// The fields are those of the canonical spec (canonicalize.h); an absent variation is the empty
// text. For example, the prompt "a" and nothing else, in hexadecimal:
//
//   474c7631
//   01 0000000b 76656f332e312d66617374   model "veo3.1-fast"
//   01 00000001 61                       prompt "a"
//   01 00000008                          duration 8
//   00                                   aspect_ratio absent
//   00                                   generation_type absent
//   00000000                             no image_urls
//   01 00000004 37323070                 resolution "720p"
//   01 00                                enable_gif false
//   01 00                                official_fallback false
//   00000000                             no variation
//
// Different (spec, variation) have different encodings, valid or not. Golden vectors freeze it:
// tests/service/domain/golden_request_hashes.json. A change is a new version under a new tag, and
// version 1 stays readable for as long as rows hold it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/domain/generation_spec.h"

namespace genledger {

struct DecodedRequest {
  CanonicalSpec spec;
  std::string variation;

  friend bool operator==(const DecodedRequest&, const DecodedRequest&) = default;
};

// Pure, thread safe. Every text must be shorter than 4 GiB.
std::string EncodeRequest(const CanonicalSpec& spec, std::string_view variation);

// The inverse. DATA_LOSS for anything that EncodeRequest cannot have written, so that whatever
// decodes encodes to the same bytes again. Pure, thread safe; allocates no more than the input's
// size justifies.
absl::StatusOr<DecodedRequest> DecodeRequest(std::string_view encoding);

}  // namespace genledger
