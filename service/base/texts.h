// Everything that callers are told in words, in each language: the one table of texts.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace genledger {

enum class Language { kEnglish, kChinese };

// A text in every language. What was never translated is in English everywhere.
struct LocalText {
  std::string english;
  std::string chinese;

  const std::string& In(Language language) const {
    return language == Language::kChinese && !chinese.empty() ? chinese : english;
  }

  friend bool operator==(const LocalText&, const LocalText&) = default;
};

// In the order of the table in texts.cc. $0, $1, … stand for what varies.
enum class TextId {
  // What is no request that a handler could read.
  kHttpBadRequest,
  kHttpTimeout,
  kHttpBodyTooLarge,
  kHttpUrlTooLong,
  kHttpExpectation,
  kHttpHeadTooLarge,
  kHttpTransferCoding,
  kHttpNoSuchRoute,
  kHttpMethodNotAllowed,
  kHttpMediaType,
  kHttpContentEncoding,
  kHttpNotAcceptable,
  kInternalError,
  kMoreViolations,
  // Answers of the routes in the upstream's form.
  kTaskUnknown,
  kSubmissionPending,
  // JSON and query parameters.
  kJsonSyntax,
  kJsonNotObject,
  kJsonTooDeep,
  kJsonTooManyValues,
  kJsonTwice,
  kJsonBom,
  kTypeString,
  kTypeInteger,
  kTypeIntegerRange,
  kTypeNumber,
  kTypeBoolean,
  kTypeArray,
  kTypeObject,
  kTypeEnum,
  kTypeDuration,
  kTypeTimestamp,
  kOneOfGroup,
  kGivenByPath,
  kFieldUnknown,
  kFieldUnknownUnnamed,
  kQueryTwice,
  kQueryNotText,
  kHeaderTwice,
  kHeaderEmpty,
  kPreferWait,
  kLastEventId,
  kEnd,  // not a text: how many there are
};

LocalText MakeText(TextId id, std::initializer_list<LocalText> arguments = {});
// An argument that is the same in every language: a number, a name.
LocalText Verbatim(std::string text);

}  // namespace genledger
