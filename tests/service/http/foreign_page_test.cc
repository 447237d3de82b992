#include "service/http/foreign_page.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace genledger {
namespace {

HttpRequest WithHost(const std::string& host) {
  return {.method = "POST", .target = "/", .headers = {{"Host", host}}};
}

HttpRequest WithOrigin(const std::string& host, const std::string& origin) {
  HttpRequest request = WithHost(host);
  request.headers.emplace_back("Origin", origin);
  return request;
}

TEST(ForeignPageFault, NamesThatLeadHereAreRefusedWhereAnyCredentialIsTaken) {
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example:8080",
                           "127.0.0.1.evil.example", "notlocalhost", "1.2.3.4.5x"}) {
    EXPECT_EQ(ForeignPageFault(WithHost(host), HostNames::kLocal), TextId::kHttpForeignHost)
        << host;
    EXPECT_EQ(ForeignPageFault(WithHost(host), HostNames::kAny), std::nullopt) << host;
  }
}

TEST(ForeignPageFault, AddressesAndLocalhostAreTaken) {
  for (const char* host : {"127.0.0.1:8080", "10.0.0.7", "[::1]:8080", "[::1]", "localhost",
                           "LocalHost:8080", "genledger.localhost:1"}) {
    EXPECT_EQ(ForeignPageFault(WithHost(host), HostNames::kLocal), std::nullopt) << host;
  }
  // HTTP/1.0; browsers always name a host.
  EXPECT_EQ(ForeignPageFault({.method = "GET", .target = "/"}, HostNames::kLocal), std::nullopt);
}

TEST(ForeignPageFault, AnotherOriginIsRefused) {
  for (const char* origin : {"http://evil.example", "https://evil.example:8080", "null", "",
                             "http://127.0.0.1", "http://127.0.0.1:8081", "127.0.0.1:8080"}) {
    for (const HostNames names : {HostNames::kLocal, HostNames::kAny}) {
      EXPECT_EQ(ForeignPageFault(WithOrigin("127.0.0.1:8080", origin), names),
                TextId::kHttpForeignOrigin)
          << origin;
    }
  }
  EXPECT_EQ(
      ForeignPageFault(WithOrigin("127.0.0.1:8080", "http://127.0.0.1:8080"), HostNames::kLocal),
      std::nullopt);
}

TEST(ForeignPageFault, WhatABrowserCallsCrossSiteIsRefused) {
  HttpRequest request = WithHost("127.0.0.1:8080");
  request.headers.emplace_back("Sec-Fetch-Site", "cross-site");
  EXPECT_EQ(ForeignPageFault(request, HostNames::kLocal), TextId::kHttpForeignOrigin);
  request.headers.back().second = "same-origin";
  EXPECT_EQ(ForeignPageFault(request, HostNames::kLocal), std::nullopt);
}

}  // namespace
}  // namespace genledger
