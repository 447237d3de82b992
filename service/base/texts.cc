#include "service/base/texts.h"

#include <cstddef>
#include <iterator>
#include <string_view>
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
    {TextId::kHttpForeignHost,
     "Host must be localhost or an address: this server takes any credential, so it answers to no "
     "name that a web page could have made to lead here.",
     "Host 必须是 localhost 或 IP 地址：此服务器接受任何凭据，因此不接受网页可能指向此处的域名。"},
    {TextId::kHttpForeignOrigin, "Web pages of another origin may not call this server.",
     "不允许其他来源（Origin）的网页调用此服务器。"},
    {TextId::kHttpBusy, "Too much is being read or written at the moment; try again.",
     "服务器当前收发的数据过多，请稍后重试。"},
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
    {TextId::kHostNotPublic,
     "The host must be publicly reachable: loopback, private, link-local, multicast and reserved "
     "addresses are not.",
     "主机必须可从公网访问：不得是回环、私有、链路本地、组播或保留地址。"},
    {TextId::kHostLocalName,
     "The host must be a public name: localhost, single-label, .local, .internal and .localhost "
     "names are not.",
     "主机必须是公网名称：不得是 localhost、单标签名称或 .local、.internal、.localhost 名称。"},
    {TextId::kHostIpv4Spelling,
     "A numeric host must be an IPv4 address in plain dotted decimal: four numbers from 0 to 255 "
     "without leading zeros.",
     "数字主机必须是普通点分十进制的 IPv4 地址：四个 0 到 255 的数字，无前导零。"},
    {TextId::kHostBadIpv6, "The host in brackets must be an IPv6 address without a zone id.",
     "方括号中的主机必须是不带区域标识的 IPv6 地址。"},
    {TextId::kHostBadName,
     "The host must consist of labels of ASCII letters, digits and inner hyphens, separated by "
     "single dots (international names as xn--).",
     "主机必须由 ASCII 字母、数字和中间连字符组成的标签以单个点分隔（国际化名称用 xn-- 形式）。"},
    {TextId::kHostTooLong, "The host is too long: at most 63 bytes per label and 253 in all.",
     "主机过长：每个标签最多 63 字节，总共最多 253 字节。"},
    {TextId::kHostMissing, "The URL has no host.", "URL 没有主机。"},
    {TextId::kUrlData,
     "data: URIs are not accepted: upload the image first and pass the http(s) URL that the upload "
     "returns.",
     "不接受 data: URI：请先上传图片，并传入上传所返回的 http(s) URL。"},
    {TextId::kUrlScheme, "The URL must be absolute and begin with http:// or https://.",
     "URL 必须是绝对 URL，并以 http:// 或 https:// 开头。"},
    {TextId::kUrlSlashes, "The URL's scheme must be followed by // and a host.",
     "URL 的协议之后必须是 // 和主机。"},
    {TextId::kUrlEscape, "Every % of the URL must be followed by two hexadecimal digits.",
     "URL 中的每个 % 之后必须是两位十六进制数字。"},
    {TextId::kUrlPort, "The port must be a number from 1 to 65535 without leading zeros.",
     "端口必须是 1 到 65535 的数字，无前导零。"},
    {TextId::kUrlEmpty, "The URL is empty.", "URL 为空。"},
    {TextId::kUrlWhiteSpace, "The URL must not begin or end with white space.",
     "URL 的首尾不得有空白。"},
    {TextId::kUrlHostAscii, "The host must be ASCII: write an international name in its xn-- form.",
     "主机必须是 ASCII：国际化名称请写成 xn-- 形式。"},
    {TextId::kUrlUser, "The URL must not carry a user name or password.",
     "URL 不得带有用户名或密码。"},
    {TextId::kUrlFragment, "The URL must not have a fragment (#): it is never sent.",
     "URL 不得带有片段（#）：它从不会被发送。"},
    {TextId::kUrlCharacters,
     "Spaces, controls, backslashes, quotes, angle brackets, braces and non-ASCII characters must "
     "be percent-encoded.",
     "空格、控制字符、反斜杠、引号、尖括号、花括号和非 ASCII 字符必须百分号编码。"},
    {TextId::kUrlExtension,
     "The last segment of the URL's path must end with .jpg, .jpeg, .png or .webp.",
     "URL 路径的最后一段必须以 .jpg、.jpeg、.png 或 .webp 结尾。"},
    {TextId::kUrlTooLong, "The URL is longer than $0 bytes.", "URL 超过 $0 字节。"},
    {TextId::kUnsupportedByModel, "$0 does not support $1: do not pass it, whatever its value.",
     "$0 不支持 $1：无论何值都请勿传入。"},
    {TextId::kMustBe, "Must be $0.", "必须是 $0。"},
    {TextId::kMustBeSpelled, "Must be $0, spelled exactly like that: here $1.",
     "必须是 $0，写法须完全一致：此处应为 $1。"},
    {TextId::kRequired, "Required.", "必填。"},
    {TextId::kPromptBytes, "At most $0 bytes of UTF-8 after trimming.",
     "去除首尾空白后最多 $0 字节（UTF-8）。"},
    {TextId::kPromptCharacters, "At most $0 characters after trimming.",
     "去除首尾空白后最多 $0 个字符。"},
    {TextId::kNotUtf8, "Must be valid UTF-8.", "必须是有效的 UTF-8。"},
    {TextId::kPromptControls, "Must not contain control characters other than tab and line breaks.",
     "除制表符和换行外，不得包含控制字符。"},
    {TextId::kPromptInvisible,
     "Must not be empty: white space and invisible characters describe nothing.",
     "不得为空：空白和不可见字符没有描述任何内容。"},
    {TextId::kDurationMustBe, "Must be $0 (seconds); omit it for the default.",
     "必须是 $0（秒）；省略则使用默认值。"},
    {TextId::kTypeOfModel, "$0 does not support generation_type $1, only $2.",
     "$0 不支持 generation_type $1，仅支持 $2。"},
    {TextId::kInferredTypeOfModel,
     "$0 does not support generation_type $1, which $2 image_urls without generation_type stand "
     "for (it supports $3): pass fewer image_urls or use another model.",
     "$0 不支持 generation_type $1，而未传 generation_type 的 $2 个 image_urls 即表示它（仅支持 "
     "$3）：请减少 image_urls 或改用其他模型。"},
    {TextId::kImagesMax, "At most $0 images.", "最多 $0 张图片。"},
    {TextId::kFrameTooFew,
     "generation_type frame needs at least one image: the first frame; without images omit "
     "generation_type.",
     "generation_type frame 至少需要一张图片（首帧）；没有图片时请省略 generation_type。"},
    {TextId::kFrameTooMany,
     "generation_type frame takes at most two images: the first and the last frame.",
     "generation_type frame 最多两张图片：首帧和尾帧。"},
    {TextId::kReferenceTooFew,
     "generation_type reference needs at least one image; without images omit generation_type.",
     "generation_type reference 至少需要一张图片；没有图片时请省略 generation_type。"},
    {TextId::kReferenceTooMany, "generation_type reference takes at most three images.",
     "generation_type reference 最多三张图片。"},
    {TextId::kGifResolution,
     "GIF output is only possible with resolution $0: change resolution or drop enable_gif.",
     "仅分辨率为 $0 时可输出 GIF：请更改 resolution 或去掉 enable_gif。"},
    {TextId::kSpecFieldUnknown, "Unknown field: the upstream's contract has none of this name.",
     "未知字段：上游的约定中没有此名称的字段。"},
    {TextId::kSpecFieldUnknownUnnamed,
     "Contains a field that the upstream's contract does not have.",
     "包含上游的约定中没有的字段。"},
    {TextId::kLabelKey, "A label's key must be 1 to $0 bytes of UTF-8 without control characters.",
     "标签的键必须是 1 到 $0 字节的 UTF-8，不含控制字符。"},
    {TextId::kLabelValue,
     "A label's value must be at most $0 bytes of UTF-8 without control characters.",
     "标签的值最多 $0 字节的 UTF-8，不含控制字符。"},
    {TextId::kRequestIdRequired,
     "Required: the dedupe mode REQUEST_ID_ONLY tells requests apart by nothing else.",
     "必填：去重模式 REQUEST_ID_ONLY 仅凭它区分请求。"},
    {TextId::kRequestIdForm, "Must be 1 to $0 characters of visible ASCII, without spaces.",
     "必须是 1 到 $0 个可见 ASCII 字符，不含空格。"},
    {TextId::kVariationForm, "Must be at most $0 bytes of UTF-8 without control characters.",
     "最多 $0 字节的 UTF-8，不含控制字符。"},
    {TextId::kLabelsMost, "At most $0 labels.", "最多 $0 个标签。"},
    {TextId::kDedupeWindow, "Must be between 1 minute and 24 hours.",
     "必须在 1 分钟到 24 小时之间。"},
    {TextId::kWait, "Must be between 0 and 60 seconds.", "必须在 0 到 60 秒之间。"},
    {TextId::kSubmitWithin, "Must be between 1 second and 24 hours.",
     "必须在 1 秒到 24 小时之间。"},
    {TextId::kNotADuration, "is not a valid google.protobuf.Duration",
     "不是有效的 google.protobuf.Duration"},
    {TextId::kNotADedupeMode, "is not a known value: CONTENT or REQUEST_ID_ONLY",
     "不是已知的值：CONTENT 或 REQUEST_ID_ONLY"},
    {TextId::kNotAPolicy, "is not a known value: HOLD, RESUBMIT_ONCE or FAIL",
     "不是已知的值：HOLD、RESUBMIT_ONCE 或 FAIL"},
    {TextId::kResolutionRequired, "Required: adopt_task_id, declare_not_accepted or abandon.",
     "必填：adopt_task_id、declare_not_accepted 或 abandon。"},
    {TextId::kKeyRequired, "Required: the id, request_id or task_id of one submission.",
     "必填：某个提交的 id、request_id 或 task_id。"},
    {TextId::kAllTenantsInLists, "\"-\" (all tenants) is for lists only",
     "\"-\"（所有租户）仅用于列表"},
    {TextId::kAdoptInBulk, "One task cannot be that of many submissions; resolve them one by one.",
     "一个任务不能属于多个提交；请逐个处理。"},
    {TextId::kNoteRequired, "Required: why, in 1 to 1024 bytes of plain text.",
     "必填：原因，1 到 1024 字节的纯文本。"},
    {TextId::kTaskIdForm, "Must be a task id of the upstream: 1 to 512 bytes of plain text.",
     "必须是上游的任务 ID：1 到 512 字节的纯文本。"},
    {TextId::kNoteForm, "Must be at most 1024 bytes of plain text.", "最多 1024 字节的纯文本。"},
    {TextId::kOrderBy,
     "is create_time or update_time, with desc or without; the default is create_time desc",
     "必须是 create_time 或 update_time，可带 desc；默认为 create_time desc"},
    {TextId::kPageSize, "must not be negative; 0 means 50, at most 1000 are answered",
     "不得为负数；0 表示 50，最多返回 1000 条"},
    {TextId::kPageToken,
     "is not a token of this list: send next_page_token back with the same tenant, filter and "
     "order_by",
     "不是此列表的令牌：请以相同的 tenant、filter 和 order_by 传回 next_page_token"},
    {TextId::kBatchIds, "must name 1 to 100 submissions", "必须给出 1 到 100 个提交"},
    {TextId::kNotNegative, "must not be negative", "不得为负数"},
    {TextId::kAttemptNone, "No unsettled attempt has this number.", "没有此编号的未决尝试。"},
    {TextId::kAttemptRequired, "Required: more than one attempt is unsettled.",
     "必填：有多个未决尝试。"},
    {TextId::kTaskTaken, "An attempt already has this task.", "已有尝试拥有此任务。"},
    {TextId::kFilterAt, "at position $0: $1", "第 $0 字节处：$1"},
    {TextId::kFilterNotUtf8, "is not UTF-8", "不是 UTF-8"},
    {TextId::kFilterEnds, "the filter ends where a term is expected",
     "此处应为一个条件，过滤式却已结束"},
    {TextId::kFilterClosesNothing, "a ) that closes nothing, or closes an empty group",
     "此 ) 没有对应的 (，或括号内为空"},
    {TextId::kFilterNoField, "an operator without a field in front", "运算符之前没有字段"},
    {TextId::kFilterStringFirst, "a term begins with the name of a field, not with a string",
     "条件须以字段名开头，而不是字符串"},
    {TextId::kFilterTerm, "a term is expected here", "此处应为一个条件"},
    {TextId::kFilterTooDeep, "more than $0 nested parentheses", "括号嵌套超过 $0 层"},
    {TextId::kFilterNotClosed, "a ( is never closed", "此 ( 没有对应的 )"},
    {TextId::kFilterLabelKey, "labels. is followed by the key of a label",
     "labels. 之后须为标签的键"},
    {TextId::kFilterLabelPresence, "labels: is followed by the key of a label",
     "labels: 之后须为标签的键"},
    {TextId::kFilterLabelsWhole, "labels as a whole knows : only; one label is labels.KEY",
     "labels 整体仅支持 :；单个标签请写 labels.KEY"},
    {TextId::kFilterCapitals, "AND, OR and NOT are written in capitals", "AND、OR 和 NOT 须大写"},
    {TextId::kFilterFieldUnknown, "unknown field; fields are $0", "未知字段；可用字段为 $0"},
    {TextId::kFilterValue, "a value is expected here", "此处应为一个值"},
    {TextId::kFilterValueQuote,
     "a value is expected here; quote one that contains = ! < > or parentheses",
     "此处应为一个值；值中含有 = ! < > 或括号时请加引号"},
    {TextId::kFilterWildcard, "there are no wildcards; quote a value that contains *",
     "不支持通配符；值中含有 * 时请加引号"},
    {TextId::kFilterNeverAbsent, "this field is never absent: :* says nothing",
     "此字段始终存在，:* 没有意义"},
    {TextId::kFilterTooManyTerms, "more than $0 terms", "条件超过 $0 个"},
    {TextId::kFilterTooLong, "more than $0 bytes", "超过 $0 字节"},
    {TextId::kFilterOperator,
     "an operator is expected here: = != < <= > >= or :", "此处应为运算符：= != < <= > >= 或 :"},
    {TextId::kFilterNoOrder, "this field knows = != and : only", "此字段仅支持 =、!= 和 :"},
    {TextId::kFilterNot, "! is no operator; write != or NOT", "! 不是运算符；请写 != 或 NOT"},
    {TextId::kFilterEscape, "only \\\" \\' and \\\\ are escapes", "仅支持转义 \\\"、\\' 和 \\\\"},
    {TextId::kFilterOpenString, "a quoted string has no end", "字符串的引号没有结束"},
    {TextId::kFilterValueText, "the value must be a text", "值必须是文本"},
    {TextId::kFilterValueState,
     "the value must be PENDING, DISPATCHING, SUBMITTED, FAILED, OUTCOME_UNKNOWN, CANCELLED or "
     "ABANDONED",
     "值必须是 PENDING、DISPATCHING、SUBMITTED、FAILED、OUTCOME_UNKNOWN、CANCELLED 或 ABANDONED"},
    {TextId::kFilterValueTime, "the value must be an RFC 3339 time such as 2026-11-22T10:00:00Z",
     "值必须是 RFC 3339 时间，例如 2026-11-22T10:00:00Z"},
    {TextId::kFilterValueId, "the value must be a submission id", "值必须是提交的 ID"},
    {TextId::kFilterValueHash, "the value must be 64 lower-case hexadecimal digits",
     "值必须是 64 位小写十六进制数字"},
    {TextId::kFilterValueReason,
     "the value must be the name of an error reason such as UPSTREAM_UNAVAILABLE",
     "值必须是错误原因的名称，例如 UPSTREAM_UNAVAILABLE"},
    {TextId::kErrorMoreViolations, " (and $0 more)", "（另有 $0 处）"},
    {TextId::kErrorRequestIdReused,
     "this request_id already names $0, whose payload differs in: $1",
     "此 request_id 已用于 $0，其内容在以下字段不同：$1"},
    {TextId::kErrorRequestIdExpired,
     "this request_id was used before and its record is purged; use a new request_id if another "
     "generation is really wanted",
     "此 request_id 曾被使用，其记录已清除；如确需再次生成，请使用新的 request_id"},
    {TextId::kErrorSubmissionNotFound, "no such submission", "没有这样的提交"},
    {TextId::kErrorOutcomeUnknown,
     "$0: nobody can know whether the upstream accepted the POST; it may have been charged, so it "
     "is not sent again. An operator settles it",
     "$0：无法得知上游是否接受了该请求，可能已计费，因此不会再次发送，将由运维人员核实处理"},
    {TextId::kErrorAbandoned,
     "$0 was abandoned with its outcome unknown; use a new request_id to submit the content again, "
     "knowing that both may be charged",
     "$0 的结果未知且已放弃；如需再次提交相同内容，请使用新的 request_id，两次都可能计费"},
    {TextId::kErrorCancelled, "$0 was cancelled; use a new request_id to submit again",
     "$0 已取消；如需再次提交，请使用新的 request_id"},
    {TextId::kFailureRefused, "the upstream refused the content of this request",
     "上游拒绝了此请求的内容"},
    {TextId::kFailureCredential,
     "the upstream refused the service's API key (not the caller's credential)",
     "上游拒绝了本服务的 API 密钥（并非调用方的凭据）"},
    {TextId::kFailureBalance, "the upstream account has no balance left", "上游账户余额不足"},
    {TextId::kFailureForbidden, "the upstream forbids this to the service's account",
     "上游禁止本服务的账户执行此操作"},
    {TextId::kFailureMisconfigured, "the upstream URL or protocol is misconfigured",
     "上游的 URL 或协议配置有误"},
    {TextId::kFailureRateLimited,
     "the upstream limited the rate of requests until submit_within ran out",
     "上游限制了请求频率，直至 submit_within 用尽"},
    {TextId::kFailureUnavailable, "the upstream could not be reached, or said that it failed",
     "无法连接上游，或上游报告失败"},
    {TextId::kFailureSubmitWithin, "submit_within ran out before a first attempt",
     "首次尝试之前 submit_within 已用尽"},
    {TextId::kFailureOther, "the submission failed", "提交失败"},
    {TextId::kErrorFailed, "$0: $1", "$0：$1"},
    {TextId::kErrorUpstreamWords, ": $0", "：$0"},
    {TextId::kErrorMayBeCharged, "; up to $0 of its POSTs may have been charged all the same",
     "；其中最多 $0 次请求仍可能已计费"},
    {TextId::kErrorBreakerOpen, "nothing new is submitted for now, and this was not recorded: $0",
     "暂不提交新的内容，此请求未被记录：$0"},
    {TextId::kErrorStoreUnavailable, "the store: $0",
     "存储暂时不可用，请稍后重复相同的请求，不会重复提交；详情：$0"},
    {TextId::kErrorShuttingDown, "this server is shutting down", "此服务器正在关闭"},
    {TextId::kErrorBacklogFull,
     "as many submissions wait for the upstream as may; submit again later",
     "等待上游的提交已达上限，请稍后再提交"},
    {TextId::kErrorPermissionDenied, "$0", "没有权限：$0"},
    {TextId::kErrorCredentialMissing,
     "this call needs a credential: authorization: Bearer TOKEN, or a client certificate",
     "此调用需要凭据：authorization: Bearer TOKEN，或客户端证书"},
    {TextId::kErrorCredentialInvalid, "the credential is not valid", "凭据无效"},
    {TextId::kErrorCredentialExpired, "the credential has expired", "凭据已过期"},
    {TextId::kErrorEtagMismatch, "$0 has changed since it was read; read it again",
     "$0 在读取之后已发生变化；请重新读取"},
    {TextId::kErrorIllegalState, "$0: $1", "$0：当前状态不允许此操作：$1"},
    {TextId::kDeniedOtherTenants, "this identity may not read other tenants",
     "此身份不得读取其他租户"},
    {TextId::kDeniedReader, "this identity may read only", "此身份只能读取"},
    {TextId::kDeniedOperators, "this is for operators", "此操作仅供运维人员使用"},
    {TextId::kStateAdopt, "only an unknown or abandoned outcome can be adopted",
     "只有结果未知或已放弃的提交才能认领任务"},
    {TextId::kStateOutcomeKnown, "its outcome is not unknown", "其结果并非未知"},
    {TextId::kStateRelease, "only a SUBMITTED submission can release its content",
     "只有 SUBMITTED 的提交才能释放其内容"},
    {TextId::kStateReopen, "only a FAILED or CANCELLED submission can be reopened",
     "只有 FAILED 或 CANCELLED 的提交才能重新开启"},
    {TextId::kStateMoved, "its request_id has moved to another submission",
     "其 request_id 已转移到另一个提交"},
    {TextId::kStateHeld, "another submission holds the same content", "另一个提交持有相同的内容"},
    {TextId::kStateClaim, "only a PENDING submission can be claimed",
     "只有 PENDING 的提交才能被领取"},
};

constexpr size_t kTextCount = static_cast<size_t>(TextId::kEnd);

// Which of $0 … $9 stand in a text, as bits.
constexpr unsigned PlacesOf(std::string_view text) {
  unsigned places = 0;
  char before = 0;
  for (const char c : text) {
    if (before == '$' && c >= '0' && c <= '9') {
      places |= 1U << (c - '0');
    }
    before = c;
  }
  return places;
}

constexpr bool TableIsWhole() {
  for (size_t i = 0; i < std::size(kTexts); ++i) {
    const Row& row = kTexts[i];
    if (static_cast<size_t>(row.id) != i || row.english.empty() || row.chinese.empty() ||
        PlacesOf(row.english) != PlacesOf(row.chinese)) {
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
