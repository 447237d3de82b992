#include "service/auth/identity_table.h"

#include <gtest/gtest.h>

namespace genledger {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr char kFile[] =
    "spiffe://cluster.local/ns/video/sa/worker tenant=video\n"
    "dns:batch.example tenant=batch role=reader\n"
    "subject:system:serviceaccount:video:worker tenant=video role=operator\n"
    "dns:old.example tenant=old expires=2020-01-01T00:00:00Z\n";

TEST(IdentityTable, TheOneNameThatIsListedSaysWhoItIs) {
  const absl::StatusOr<IdentityTable> table = IdentityTable::Parse(kFile);
  ASSERT_TRUE(table.ok()) << table.status();
  const absl::StatusOr<Identity> worker =
      table->Find({"dns:unlisted", "spiffe://cluster.local/ns/video/sa/worker"}, kNow);
  ASSERT_TRUE(worker.ok());
  EXPECT_EQ(worker->principal.tenant, "video");
  EXPECT_EQ(worker->principal.name, "spiffe://cluster.local/ns/video/sa/worker");
  EXPECT_EQ(table->Find({"dns:batch.example", "dns:batch.example"}, kNow)->principal.role,
            Role::kReader);
  EXPECT_EQ(table->Find({"subject:system:serviceaccount:video:worker"}, kNow)->principal.role,
            Role::kOperator);
}

TEST(IdentityTable, NoneSeveralOrAnExpiredOneAreRefused) {
  const absl::StatusOr<IdentityTable> table = IdentityTable::Parse(kFile);
  ASSERT_TRUE(table.ok());
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{},
        {"batch.example"},
        {"DNS:batch.example"},
        {"dns:BATCH.example"},
        {"system:serviceaccount:video:worker"},
        {"dns:old.example"},
        {"dns:batch.example", "spiffe://cluster.local/ns/video/sa/worker"}}) {
    EXPECT_EQ(table->Find(names, kNow).status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST(IdentityTable, AFileAtFaultIsRefused) {
  for (const char* text : {"batch.example tenant=t", "dns: tenant=t", "spiffe:// tenant=t",
                           "dns:a role=caller", "dns:a tenant=t\ndns:a tenant=u"}) {
    EXPECT_EQ(IdentityTable::Parse(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace genledger
