// Whether a URL's host is well formed, and whether it can be on the public internet, judged by its
// text alone: nothing is resolved (validation-rules.md rows 77, 79, 80, 82). Pure, thread safe.
#pragma once

#include <optional>
#include <string_view>

#include "service/base/texts.h"

namespace genledger {

inline constexpr size_t kHostBytesMax = 253;
inline constexpr size_t kHostLabelBytesMax = 63;

// Why `host` is not a host: a sentence that does not repeat it; nullopt if it is one. A host is
//  - an IPv6 address in brackets, without a zone id; IPvFuture is refused; or
//  - labels of ASCII letters, digits, hyphens (not at a label's ends) and underscores, of at most
//    63 bytes each and 253 in all, with at most one trailing dot. An IPv4 address fits this too.
// Percent-escapes and non-ASCII letters are refused: international names come as xn--.
std::optional<TextId> HostSyntaxFault(std::string_view host);

// Why a host without a syntax fault cannot be public; nullopt if it may be. Letter case and one
// trailing dot do not matter. Refused are
//  - localhost, *.localhost, *.local, *.internal and names of a single label;
//  - names whose last label is a number (digits, or 0x and hexadecimal digits) other than IPv4 in
//    plain dotted decimal: decimal, octal, hexadecimal and short spellings, leading zeros;
//  - IPv4 0/8, 10/8, 100.64/10, 127/8, 169.254/16, 172.16/12, 192.0.0/24, 192.168/16, 198.18/15,
//    224/4 and 240/4;
//  - IPv6 ::, ::1, fe80::/10, fec0::/10, fc00::/7, ff00::/8, 64:ff9b:1::/48, and any address that
//    embeds one of those IPv4: v4-mapped, v4-compatible, 6to4 and NAT64 (64:ff9b::/96).
// Documentation ranges and every other range are accepted: the rules do not list them.
std::optional<TextId> NotPublicFault(std::string_view host);

}  // namespace genledger
