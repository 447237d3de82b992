#include "service/http/path_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;

PathTemplate Template(const char* text) { return PathTemplate::Parse(text).value(); }

TEST(PathTemplate, MatchesLiteralsVariablesAndVerbs) {
  EXPECT_THAT(Template("/v1/models").Match("/v1/models"), Optional(IsEmpty()));
  EXPECT_THAT(Template("/v1/submissions/{id}").Match("/v1/submissions/sub_x"),
              Optional(ElementsAre(Pair("id", "sub_x"))));
  EXPECT_THAT(Template("/v1/submissions/{id}:cancel").Match("/v1/submissions/sub_x:cancel"),
              Optional(ElementsAre(Pair("id", "sub_x"))));
  EXPECT_THAT(Template("/v1/submissions:batchGet").Match("/v1/submissions:batchGet"),
              Optional(IsEmpty()));
  EXPECT_THAT(Template("/v1/openapi.json").Match("/v1/openapi.json"), Optional(IsEmpty()));
}

TEST(PathTemplate, VariablesAreOpaqueAndDecodedOnce) {
  const PathTemplate task = Template("/v1/tasks/{task_id}");
  EXPECT_THAT(task.Match("/v1/tasks/a%2Fb%3Ac%252F+:d"),
              Optional(ElementsAre(Pair("task_id", "a/b:c%2F+:d"))));
  EXPECT_EQ(task.Match("/v1/tasks/%zz"), std::nullopt);
  EXPECT_EQ(task.Match("/v1/tasks/%ff"), std::nullopt);
}

TEST(PathTemplate, MatchesNothingElse) {
  const PathTemplate cancel = Template("/v1/submissions/{id}:cancel");
  for (const char* path :
       {"", "/", ":", ":cancel", "v1/submissions/a:cancel", "/v1/submissions/:cancel",
        "/v1/submissions/a:cancels", "/v1/submissions/a/b:cancel", "/v1/submissions//a:cancel",
        "/v1/submissions/a", "/v1/submissions/a%3Acancel", "/v1/submissions/a:cancel/"}) {
    EXPECT_EQ(cancel.Match(path), std::nullopt) << path;
  }
  const PathTemplate models = Template("/v1/models");
  for (const char* path : {"", "/", "/v1", "/v1/", "/v1/models/", "//v1/models", "/v1/Models"}) {
    EXPECT_EQ(models.Match(path), std::nullopt) << path;
  }
}

TEST(PathTemplate, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "v1", "/v1/*", "/v1/**", "/v1/{name=a/*}", "/v1/{}", "/v1/{a.b}",
                           "/v1/a:", "/v1//a", "/"}) {
    EXPECT_FALSE(PathTemplate::Parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace genledger
