#include "service/domain/public_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"

namespace genledger {
namespace {

using Ipv6Bytes = std::array<uint8_t, 16>;

struct Ipv4Network {
  uint32_t address;
  int prefix_bits;
};

constexpr uint32_t Ipv4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return (a << 24) | (b << 16) | (c << 8) | d;
}

constexpr std::array<Ipv4Network, 11> kNotPublicIpv4 = {{
    {Ipv4(0, 0, 0, 0), 8},
    {Ipv4(10, 0, 0, 0), 8},
    {Ipv4(100, 64, 0, 0), 10},
    {Ipv4(127, 0, 0, 0), 8},
    {Ipv4(169, 254, 0, 0), 16},
    {Ipv4(172, 16, 0, 0), 12},
    {Ipv4(192, 0, 0, 0), 24},
    {Ipv4(192, 168, 0, 0), 16},
    {Ipv4(198, 18, 0, 0), 15},
    {Ipv4(224, 0, 0, 0), 4},
    {Ipv4(240, 0, 0, 0), 4},
}};

struct Ipv6Network {
  std::array<uint8_t, 6> prefix;
  int prefix_bits;
};

constexpr std::array<Ipv6Network, 5> kNotPublicIpv6 = {{
    {{0xfe, 0x80}, 10},
    {{0xfe, 0xc0}, 10},
    {{0xfc, 0x00}, 7},
    {{0xff, 0x00}, 8},
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48},
}};

bool IsPublicIpv4(uint32_t address) {
  return std::none_of(kNotPublicIpv4.begin(), kNotPublicIpv4.end(),
                      [address](const Ipv4Network& network) {
                        return ((address ^ network.address) >> (32 - network.prefix_bits)) == 0;
                      });
}

bool Contains(const Ipv6Network& network, const Ipv6Bytes& address) {
  for (int bit = 0; bit < network.prefix_bits; ++bit) {
    const auto byte = static_cast<size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if (((network.prefix[byte] ^ address[byte]) & mask) != 0) {
      return false;
    }
  }
  return true;
}

uint32_t Ipv4At(const Ipv6Bytes& address, size_t offset) {
  return Ipv4(address[offset], address[offset + 1], address[offset + 2], address[offset + 3]);
}

bool StartsWith(const Ipv6Bytes& address, const std::array<uint8_t, 12>& prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

// The IPv4 address that the IPv6 address stands for, if it is of a kind that embeds one. The
// v4-compatible prefix covers :: and ::1 as well: they embed addresses of 0/8.
std::optional<uint32_t> EmbeddedIpv4(const Ipv6Bytes& address) {
  constexpr std::array<uint8_t, 12> kCompatible = {};
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<uint8_t, 12> kNat64 = {0x00, 0x64, 0xff, 0x9b};
  if (StartsWith(address, kCompatible) || StartsWith(address, kMapped) ||
      StartsWith(address, kNat64)) {
    return Ipv4At(address, 12);
  }
  if (address[0] == 0x20 && address[1] == 0x02) {  // 6to4
    return Ipv4At(address, 2);
  }
  return std::nullopt;
}

bool IsPublicIpv6(const Ipv6Bytes& address) {
  const std::optional<uint32_t> embedded = EmbeddedIpv4(address);
  if (embedded.has_value() && !IsPublicIpv4(*embedded)) {
    return false;
  }
  return std::none_of(kNotPublicIpv6.begin(), kNotPublicIpv6.end(),
                      [&](const Ipv6Network& network) { return Contains(network, address); });
}

// `host` with its brackets.
std::optional<Ipv6Bytes> ParseIpv6(std::string_view host) {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']' ||
      host.size() > INET6_ADDRSTRLEN + 2) {
    return std::nullopt;
  }
  const std::string text(host.substr(1, host.size() - 2));
  Ipv6Bytes address;
  // The text up to a NUL would pass for the whole.
  if (text.find('\0') != std::string::npos ||
      inet_pton(AF_INET6, text.c_str(), address.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

std::vector<std::string_view> SplitAtDots(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(dot + 1);
  }
}

// One part of plain dotted decimal.
std::optional<uint32_t> ParseOctet(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc() || end != text.data() + text.size() || leading_zero || value > 255) {
    return std::nullopt;
  }
  return value;
}

std::optional<uint32_t> ParseIpv4(std::string_view host) {
  const std::vector<std::string_view> parts = SplitAtDots(host);
  if (parts.size() != 4) {
    return std::nullopt;
  }
  uint32_t address = 0;
  for (const std::string_view part : parts) {
    const std::optional<uint32_t> octet = ParseOctet(part);
    if (!octet.has_value()) {
      return std::nullopt;
    }
    address = (address << 8) | *octet;
  }
  return address;
}

// What resolvers and URL parsers take for a number: digits, or 0x and hexadecimal digits, maybe
// none.
bool IsNumber(std::string_view label) {
  if (label.size() >= 2 && label[0] == '0' && absl::ascii_tolower(label[1]) == 'x') {
    return std::all_of(label.begin() + 2, label.end(), absl::ascii_isxdigit);
  }
  return !label.empty() && std::all_of(label.begin(), label.end(), absl::ascii_isdigit);
}

bool IsLabelCharacter(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; }

std::optional<TextId> LabelFault(std::string_view label) {
  if (label.size() > kHostLabelBytesMax) {
    return TextId::kHostTooLong;
  }
  if (label.empty() || label.front() == '-' || label.back() == '-' ||
      !std::all_of(label.begin(), label.end(), IsLabelCharacter)) {
    return TextId::kHostBadName;
  }
  return std::nullopt;
}

std::string_view WithoutTrailingDot(std::string_view host) {
  if (!host.empty() && host.back() == '.') {
    host.remove_suffix(1);
  }
  return host;
}

std::optional<TextId> NamePublicFault(std::string_view host) {
  const std::string_view name = WithoutTrailingDot(host);
  const size_t last_dot = name.rfind('.');
  const std::string_view spelled =
      last_dot == std::string_view::npos ? name : name.substr(last_dot + 1);
  if (IsNumber(spelled)) {
    // The trailing dot is no part of an address either.
    const std::optional<uint32_t> address = ParseIpv4(host);
    if (!address.has_value()) {
      return TextId::kHostIpv4Spelling;
    }
    return IsPublicIpv4(*address) ? std::nullopt : std::optional(TextId::kHostNotPublic);
  }
  std::string last(spelled);
  std::transform(last.begin(), last.end(), last.begin(), absl::ascii_tolower);
  if (last_dot == std::string_view::npos || last == "localhost" || last == "local" ||
      last == "internal") {
    return TextId::kHostLocalName;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TextId> HostSyntaxFault(std::string_view host) {
  if (host.empty()) {
    return TextId::kHostMissing;
  }
  if (host.front() == '[') {
    return ParseIpv6(host).has_value() ? std::nullopt : std::optional(TextId::kHostBadIpv6);
  }
  const std::string_view name = WithoutTrailingDot(host);
  if (name.size() > kHostBytesMax) {
    return TextId::kHostTooLong;
  }
  for (size_t begin = 0, dot = 0; dot != std::string_view::npos; begin = dot + 1) {
    dot = name.find('.', begin);
    if (const std::optional<TextId> fault = LabelFault(name.substr(begin, dot - begin));
        fault.has_value()) {
      return fault;
    }
  }
  return std::nullopt;
}

std::optional<TextId> NotPublicFault(std::string_view host) {
  if (!host.empty() && host.front() == '[') {
    const std::optional<Ipv6Bytes> address = ParseIpv6(host);
    return address.has_value() && IsPublicIpv6(*address) ? std::nullopt
                                                         : std::optional(TextId::kHostNotPublic);
  }
  return NamePublicFault(host);
}

}  // namespace genledger
