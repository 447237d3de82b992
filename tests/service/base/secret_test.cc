#include "service/base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>

namespace genledger {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& stream, const T& value) {
  stream << value;
};

// Nothing turns it into a text but Reveal, which is easy to find.
static_assert(Streamable<std::string> && !Streamable<Secret>);
static_assert(!std::convertible_to<Secret, std::string>);
static_assert(!std::convertible_to<Secret, std::string_view>);
static_assert(!std::convertible_to<Secret, const char*>);
static_assert(!std::convertible_to<std::string, Secret>);

TEST(Secret, IsRevealedOnlyWhereThatIsAskedFor) {
  const Secret secret(std::string("sk-1"));
  EXPECT_EQ(secret.Reveal(), "sk-1");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

}  // namespace
}  // namespace genledger
