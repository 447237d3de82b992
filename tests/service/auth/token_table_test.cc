#include "service/auth/token_table.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace genledger {
namespace {

constexpr char kSalt[] = "000102030405060708090a0b0c0d0e0f";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

std::string HashOf(const std::string& secret) {
  const Sha256Digest digest = Sha256({absl::HexStringToBytes(kSalt), secret});
  return absl::BytesToHexString(std::string(digest.begin(), digest.end()));
}

std::string Line(const std::string& id, const std::string& secret, const std::string& attributes) {
  return absl::StrCat(id, " sha256:", kSalt, ":", HashOf(secret), " ", attributes, "\n");
}

TEST(TokenTable, AFrozenLineIsUnderstood) {
  // SHA-256 of the bytes 00 to 0f and then "secret", by another program.
  const absl::StatusOr<TokenTable> table = TokenTable::Parse(
      "id sha256:000102030405060708090a0b0c0d0e0f:"
      "67557c0d86179c45199f096d85b7aeb2b8b34bf423c403ba517f72bcc5913c4c tenant=video");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->Verify("id.secret", kNow).ok());
}

TEST(TokenTable, ATokenSaysWhoseItIs) {
  const absl::StatusOr<TokenTable> table =
      TokenTable::Parse("# two of one tenant\n\n" + Line("worker-1", "a", "tenant=video") +
                        Line("worker_2", "b", "role=caller tenant=video") +
                        Line("boss", "c", "tenant=ops role=operator") +
                        Line("audit", "d", "tenant=audit role=reader reads=video,other"));
  ASSERT_TRUE(table.ok()) << table.status();
  const absl::StatusOr<Principal> worker = table->Verify("worker-1.a", kNow);
  ASSERT_TRUE(worker.ok());
  EXPECT_EQ(worker->name, "token:worker-1");
  EXPECT_EQ(worker->tenant, "video");
  EXPECT_EQ(worker->role, Role::kCaller);
  EXPECT_EQ(table->Verify("worker_2.b", kNow)->tenant, "video");
  EXPECT_EQ(table->Verify("boss.c", kNow)->role, Role::kOperator);
  const absl::StatusOr<Principal> reader = table->Verify("audit.d", kNow);
  EXPECT_EQ(reader->role, Role::kReader);
  EXPECT_EQ(reader->also_reads, (std::vector<std::string>{"video", "other"}));
}

TEST(TokenTable, NothingElseIsAToken) {
  const absl::StatusOr<TokenTable> table =
      TokenTable::Parse(Line("a", "secret", "tenant=t") + Line("b", "other", "tenant=t"));
  ASSERT_TRUE(table.ok());
  ASSERT_TRUE(table->Verify("a.secret", kNow).ok());
  for (const std::string& token :
       {std::string(), std::string("a"), std::string("a."), std::string(".secret"),
        std::string("a.secre"), std::string("a.secrets"), std::string("a.other"),
        std::string("b.secret"), std::string("A.secret"), std::string("a.secret "),
        std::string("c.secret"), "a." + std::string(5000, 's'), std::string(5000, 'a') + ".secret",
        "a." + HashOf("secret"), absl::StrCat("a.", kSalt)}) {
    EXPECT_EQ(table->Verify(token, kNow).status().code(), absl::StatusCode::kUnauthenticated)
        << token;
  }
}

TEST(TokenTable, ATokenIsRefusedFromItsExpiryOn) {
  const absl::StatusOr<TokenTable> table =
      TokenTable::Parse(Line("a", "secret", "tenant=t expires=2027-01-15T08:00:00Z"));
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->Verify("a.secret", kNow - absl::Milliseconds(1)).ok());
  EXPECT_EQ(table->Verify("a.secret", kNow).status().code(), absl::StatusCode::kUnauthenticated);
  // That it is too old is told to its bearer only.
  EXPECT_TRUE(absl::StrContains(table->Verify("a.secret", kNow).status().message(), "expired"));
  EXPECT_FALSE(absl::StrContains(table->Verify("a.guess", kNow).status().message(), "expired"));
}

TEST(TokenTable, AFileAtFaultIsRefusedWithTheLineAndNothingOfItsText) {
  const std::string good = Line("a", "secret", "tenant=t");
  for (const std::string& line :
       {std::string("worker.pasted-secret"),
        Line("pasted secret", "s", "tenant=t"),
        Line("a", "again", "tenant=t"),
        Line("pasted.secret", "s", "tenant=t"),
        Line("b", "s", ""),
        Line("b", "s", "tenant="),
        Line("b", "s", "tenant=-"),
        Line("b", "s", "tenant=x,y"),
        Line("b", "s", "tenant=t tenant=u"),
        Line("b", "s", "tenant=t role=admin"),
        Line("b", "s", "tenant=t role="),
        Line("b", "s", "tenant=t reads=u"),
        Line("b", "s", "tenant=t role=reader reads="),
        Line("b", "s", "tenant=t role=reader reads=u,-"),
        Line("b", "s", "tenant=t expires=soon"),
        Line("b", "s", "tenant=t pasted-secret"),
        Line("b", "s", std::string("tenant=t\x01")),
        std::string("b plain:pasted-secret tenant=t"),
        std::string("b sha256:00:00 tenant=t"),
        absl::StrCat("b sha256:", kSalt, ":", HashOf("s"), ":00 tenant=t"),
        absl::StrCat("b sha512:", kSalt, ":", HashOf("s"), " tenant=t"),
        absl::StrCat("b sha256:", kSalt, "zz:", HashOf("s").substr(2), " tenant=t")}) {
    const absl::Status status = TokenTable::Parse(good + "\n" + line).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_TRUE(absl::StartsWith(status.message(), "line 3: ")) << status << " of " << line;
    EXPECT_FALSE(absl::StrContains(status.message(), "secret")) << status;
  }
}

}  // namespace
}  // namespace genledger
