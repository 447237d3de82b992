#include "service/base/texts.h"

#include <cstddef>
#include <iterator>
#include <utility>

namespace genledger {
namespace {

struct Row {
  TextId id;
  std::string_view english;
  std::string_view chinese;
};

constexpr Row kTexts[] = {
    {TextId::kHttpBadRequest, "This is not a valid HTTP request.", "不是有效的 HTTP 请求。"},
    {TextId::kHttpTimeout, "The request did not arrive in time.", "未能及时收到完整的请求。"},
    {TextId::kHttpBodyTooLarge, "The request body is too large.", "请求体过大。"},
    {TextId::kHttpUrlTooLong, "The URL is too long.", "URL 过长。"},
    {TextId::kHttpExpectation, "The only Expect that is understood is 100-continue.",
     "Expect 仅支持 100-continue。"},
    {TextId::kHttpHeadTooLarge, "The request head is too large.", "请求头过大。"},
    {TextId::kHttpTransferCoding, "The only transfer coding that is understood is chunked.",
     "传输编码仅支持 chunked。"},
    {TextId::kHttpNoSuchRoute, "There is nothing at this URL.", "该 URL 不存在。"},
    {TextId::kHttpMethodNotAllowed, "This URL allows only: $0.", "该 URL 仅支持：$0。"},
    {TextId::kHttpMediaType, "Content-Type must be application/json, in UTF-8.",
     "Content-Type 必须是 application/json，编码为 UTF-8。"},
    {TextId::kHttpContentEncoding, "The body must not be encoded (Content-Encoding).",
     "请求体不得压缩或编码（Content-Encoding）。"},
    {TextId::kHttpNotAcceptable, "This URL answers only with: $0.",
     "该 URL 仅能以此格式应答：$0。"},
    {TextId::kInternalError, "internal error", "服务器内部错误"},
    {TextId::kMoreViolations, "and $0 more", "以及另外 $0 处"},
    {TextId::kTaskUnknown, "invalid task id", "无效的任务ID"},
    {TextId::kSubmissionPending,
     "$0 is recorded and has no task_id yet; send the same request again to go on waiting for it, "
     "it is not submitted twice",
     "$0 已记录，尚未取得 task_id；请重新发送相同的请求以继续等待，不会重复提交"},
    {TextId::kJsonSyntax, "The body is not valid JSON: see byte $0.",
     "请求体不是有效的 JSON：见第 $0 字节。"},
    {TextId::kJsonNotObject, "The body must be a JSON object.", "请求体必须是 JSON 对象。"},
    {TextId::kJsonTooDeep, "The JSON is nested deeper than $0 levels.", "JSON 嵌套超过 $0 层。"},
    {TextId::kJsonTooManyValues, "The JSON has more than $0 values.", "JSON 的值超过 $0 个。"},
    {TextId::kJsonTwice, "Is given more than once.", "重复给出。"},
    {TextId::kJsonBom, "The body must not begin with a byte order mark.",
     "请求体不得以字节顺序标记（BOM）开头。"},
    {TextId::kTypeString, "Must be a string.", "必须是字符串。"},
    {TextId::kTypeInteger, "Must be an integer.", "必须是整数。"},
    {TextId::kTypeIntegerRange, "Is out of the range of its integer type.", "超出整数类型的范围。"},
    {TextId::kTypeNumber, "Must be a number.", "必须是数字。"},
    {TextId::kTypeBoolean, "Must be true or false.", "必须是 true 或 false。"},
    {TextId::kTypeArray, "Must be an array.", "必须是数组。"},
    {TextId::kTypeObject, "Must be an object.", "必须是对象。"},
    {TextId::kTypeEnum, "Must be one of $0.", "必须是其中之一：$0。"},
    {TextId::kTypeDuration, "Must be a duration in seconds such as \"3.5s\".",
     "必须是以秒表示的时长，例如 \"3.5s\"。"},
    {TextId::kTypeTimestamp, "Must be an RFC 3339 time such as \"2026-11-22T10:00:00Z\".",
     "必须是 RFC 3339 时间，例如 \"2026-11-22T10:00:00Z\"。"},
    {TextId::kOneOfGroup, "Only one of $0 may be given.", "$0 只能给出其中一个。"},
    {TextId::kGivenByPath, "Is given by the URL's path, and must not be given again.",
     "已由 URL 路径给出，不得再次给出。"},
    {TextId::kFieldUnknown, "Unknown field: this request has none of this name.",
     "未知字段：该请求没有此名称的字段。"},
    {TextId::kFieldUnknownUnnamed, "Contains a field that this request does not have.",
     "包含该请求没有的字段。"},
    {TextId::kQueryTwice, "Is given more than once in the URL.", "在 URL 中重复给出。"},
    {TextId::kQueryNotText, "Must be percent-encoded UTF-8.", "必须是百分号编码的 UTF-8。"},
    {TextId::kHeaderTwice, "The header is sent more than once.", "该请求头重复发送。"},
    {TextId::kHeaderEmpty, "The header is empty.", "该请求头为空。"},
    {TextId::kPreferWait, "wait must be a number of seconds from 0 to 60.",
     "wait 必须是 0 到 60 的秒数。"},
    {TextId::kLastEventId, "Must be a revision: the id of an event of this stream.",
     "必须是修订号：即此流中某个事件的 id。"},
};

constexpr size_t kTextCount = static_cast<size_t>(TextId::kEnd);

// How often each of $0 … $9 stands in a text, as digits.
constexpr bool SamePlaceholders(std::string_view a, std::string_view b) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    const auto has = [digit](std::string_view text) {
      for (size_t i = 0; i + 1 < text.size(); ++i) {
        if (text[i] == '$' && text[i + 1] == digit) {
          return true;
        }
      }
      return false;
    };
    if (has(a) != has(b)) {
      return false;
    }
  }
  return true;
}

constexpr bool TableIsWhole() {
  for (size_t i = 0; i < std::size(kTexts); ++i) {
    const Row& row = kTexts[i];
    if (static_cast<size_t>(row.id) != i || row.english.empty() || row.chinese.empty() ||
        !SamePlaceholders(row.english, row.chinese)) {
      return false;
    }
  }
  return true;
}

static_assert(std::size(kTexts) == kTextCount, "every text is in the table");
static_assert(TableIsWhole(), "in the order of TextId, in both languages, with the same variables");

std::string Fill(std::string_view text, std::initializer_list<LocalText> arguments,
                 Language language) {
  std::string filled;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_place = text[i] == '$' && i + 1 < text.size() && text[i + 1] >= '0' &&
                          text[i + 1] <= '9' &&
                          static_cast<size_t>(text[i + 1] - '0') < arguments.size();
    if (is_place) {
      filled += (arguments.begin() + (text[++i] - '0'))->In(language);
    } else {
      filled += text[i];
    }
  }
  return filled;
}

}  // namespace

LocalText MakeText(TextId id, std::initializer_list<LocalText> arguments) {
  const Row& row = kTexts[static_cast<size_t>(id)];
  return {.english = Fill(row.english, arguments, Language::kEnglish),
          .chinese = Fill(row.chinese, arguments, Language::kChinese)};
}

LocalText Verbatim(std::string text) {
  LocalText both{.english = text};
  both.chinese = std::move(text);
  return both;
}

}  // namespace genledger
