#include "service/domain/list_filter_parser.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "service/base/texts.h"
#include "service/domain/list_filter_fields.h"
#include "service/domain/list_filter_lexer.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

using Kind = FilterToken::Kind;
using Node = absl::StatusOr<FilterNode>;

constexpr std::string_view kLabels = "labels";
constexpr std::string_view kLabelsDot = "labels.";

absl::Status Invalid(LocalText description) {
  return errors::FieldInvalid({MakeViolation("filter", std::move(description))});
}

absl::Status FaultAt(size_t offset, TextId what, std::initializer_list<LocalText> arguments = {}) {
  return Invalid(MakeText(TextId::kFilterAt,
                          {Verbatim(std::to_string(offset + 1)), MakeText(what, arguments)}));
}

absl::Status LimitAt(size_t offset, TextId what, size_t limit) {
  return FaultAt(offset, what, {Verbatim(std::to_string(limit))});
}

FilterOperator OperatorOf(std::string_view text) {
  if (text == "!=") {
    return FilterOperator::kNotEqual;
  }
  if (text == "<" || text == "<=") {
    return text.size() == 1 ? FilterOperator::kLess : FilterOperator::kLessEqual;
  }
  if (text == ">" || text == ">=") {
    return text.size() == 1 ? FilterOperator::kGreater : FilterOperator::kGreaterEqual;
  }
  return FilterOperator::kEqual;
}

bool IsOrder(FilterOperator op) {
  return op == FilterOperator::kLess || op == FilterOperator::kLessEqual ||
         op == FilterOperator::kGreater || op == FilterOperator::kGreaterEqual;
}

bool IsKeywordInSmallLetters(std::string_view word) {
  return word == "and" || word == "or" || word == "not";
}

// The nodes under one AND or OR; one alone stands for itself.
FilterNode Join(FilterNode::Kind kind, std::vector<FilterNode> children) {
  if (children.size() == 1) {
    return std::move(children.front());
  }
  return {.kind = kind, .children = std::move(children)};
}

// Recursive descent; each function stands at its first token (`token_`) and leaves the one behind
// it.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { Advance(); }

  absl::StatusOr<ListFilter> Parse() {
    ListFilter filter;
    if (token_.kind == Kind::kEnd) {
      return filter;
    }
    GL_ASSIGN_OR_RETURN(filter.root, Expression());
    if (token_.kind != Kind::kEnd) {
      return Unexpected();
    }
    return filter;
  }

 private:
  void Advance() { token_ = lexer_.Next(); }

  absl::Status Unexpected() const;
  bool BeginsTerm() const;
  Node Expression();
  Node Sequence();
  Node Factor();
  Node Term();
  Node Simple();
  Node Composite();
  Node Comparison();
  absl::StatusOr<FilterComparison> Field(const FilterFieldRule*& rule);
  absl::Status Value(const FilterFieldRule& rule, bool has, FilterComparison& comparison);
  absl::Status LabelPresence(FilterComparison& comparison);

  FilterLexer lexer_;
  FilterToken token_;
  int depth_ = 0;
  int terms_ = 0;
};

absl::Status Parser::Unexpected() const {
  switch (token_.kind) {
    case Kind::kFault:
      return FaultAt(token_.offset, token_.fault);
    case Kind::kEnd:
      return FaultAt(token_.offset, TextId::kFilterEnds);
    case Kind::kRightParenthesis:
      return FaultAt(token_.offset, TextId::kFilterClosesNothing);
    case Kind::kOperator:
      return FaultAt(token_.offset, TextId::kFilterNoField);
    case Kind::kString:
      return FaultAt(token_.offset, TextId::kFilterStringFirst);
    default:
      return FaultAt(token_.offset, TextId::kFilterTerm);
  }
}

bool Parser::BeginsTerm() const {
  return token_.kind == Kind::kText || token_.kind == Kind::kNot ||
         token_.kind == Kind::kLeftParenthesis;
}

Node Parser::Expression() {
  std::vector<FilterNode> children;
  for (;;) {
    GL_ASSIGN_OR_RETURN(FilterNode child, Sequence());
    children.push_back(std::move(child));
    if (token_.kind != Kind::kAnd) {
      return Join(FilterNode::Kind::kAnd, std::move(children));
    }
    Advance();
  }
}

Node Parser::Sequence() {
  std::vector<FilterNode> children;
  do {
    GL_ASSIGN_OR_RETURN(FilterNode child, Factor());
    children.push_back(std::move(child));
  } while (BeginsTerm());
  return Join(FilterNode::Kind::kAnd, std::move(children));
}

Node Parser::Factor() {
  std::vector<FilterNode> children;
  for (;;) {
    GL_ASSIGN_OR_RETURN(FilterNode child, Term());
    children.push_back(std::move(child));
    if (token_.kind != Kind::kOr) {
      return Join(FilterNode::Kind::kOr, std::move(children));
    }
    Advance();
  }
}

Node Parser::Term() {
  if (token_.kind != Kind::kNot) {
    return Simple();
  }
  Advance();
  GL_ASSIGN_OR_RETURN(FilterNode child, Simple());
  FilterNode node{.kind = FilterNode::Kind::kNot};
  node.children.push_back(std::move(child));
  return node;
}

Node Parser::Simple() {
  switch (token_.kind) {
    case Kind::kLeftParenthesis:
      return Composite();
    case Kind::kText:
      return Comparison();
    default:
      return Unexpected();
  }
}

Node Parser::Composite() {
  const size_t opened = token_.offset;
  if (++depth_ > kFilterDepthMax) {
    return LimitAt(opened, TextId::kFilterTooDeep, kFilterDepthMax);
  }
  Advance();
  GL_ASSIGN_OR_RETURN(FilterNode node, Expression());
  if (token_.kind == Kind::kEnd) {
    return FaultAt(opened, TextId::kFilterNotClosed);
  }
  if (token_.kind != Kind::kRightParenthesis) {
    return Unexpected();
  }
  --depth_;
  Advance();
  return node;
}

// The field at token_, joined with the string of labels."KEY"; leaves the token behind it.
absl::StatusOr<FilterComparison> Parser::Field(const FilterFieldRule*& rule) {
  const size_t offset = token_.offset;
  FilterComparison comparison;
  std::string name = std::move(token_.text);
  if (std::string_view(name).substr(0, kLabelsDot.size()) == kLabelsDot) {
    comparison.label_key = name.substr(kLabelsDot.size());
    name = kLabels;
    if (comparison.label_key.empty()) {
      std::optional<FilterToken> key = lexer_.AdjacentString();
      if (key.has_value() && key->kind == Kind::kFault) {
        return FaultAt(key->offset, key->fault);
      }
      if (!key.has_value() || key->text.empty()) {
        return FaultAt(offset, TextId::kFilterLabelKey);
      }
      comparison.label_key = std::move(key->text);
    }
  }
  rule = FindFilterField(name);
  if (rule == nullptr && IsKeywordInSmallLetters(name)) {
    return FaultAt(offset, TextId::kFilterCapitals);
  }
  if (rule == nullptr) {
    return FaultAt(offset, TextId::kFilterFieldUnknown, {Verbatim(std::string(kFilterFieldNames))});
  }
  comparison.field = rule->field;
  Advance();
  return comparison;
}

// labels:KEY, behind the colon.
absl::Status Parser::LabelPresence(FilterComparison& comparison) {
  FilterToken key = lexer_.NextValue();
  if (key.kind == Kind::kFault) {
    return FaultAt(key.offset, key.fault);
  }
  const bool bare = key.kind == Kind::kText && key.text.find('*') == std::string::npos;
  if ((!bare && key.kind != Kind::kString) || key.text.empty()) {
    return FaultAt(key.offset, TextId::kFilterLabelPresence);
  }
  comparison.op = FilterOperator::kPresent;
  comparison.label_key = std::move(key.text);
  Advance();
  return absl::OkStatus();
}

// The value behind the operator.
absl::Status Parser::Value(const FilterFieldRule& rule, bool has, FilterComparison& comparison) {
  const FilterToken value = lexer_.NextValue();
  if (value.kind == Kind::kFault) {
    return FaultAt(value.offset, value.fault);
  }
  if (value.kind != Kind::kText && value.kind != Kind::kString) {
    return FaultAt(value.offset, TextId::kFilterValue);
  }
  if (value.kind == Kind::kText && value.text.find('*') != std::string::npos) {
    if (value.text != "*" || !has) {
      return FaultAt(value.offset, TextId::kFilterWildcard);
    }
    if (!rule.may_be_absent) {
      return FaultAt(value.offset, TextId::kFilterNeverAbsent);
    }
    comparison.op = FilterOperator::kPresent;
  } else if (!SetFilterValue(value.text, comparison)) {
    return FaultAt(value.offset, rule.value_rule);
  }
  Advance();
  return absl::OkStatus();
}

Node Parser::Comparison() {
  if (++terms_ > kFilterTermsMax) {
    return LimitAt(token_.offset, TextId::kFilterTooManyTerms, kFilterTermsMax);
  }
  const FilterFieldRule* rule = nullptr;
  FilterNode node;
  GL_ASSIGN_OR_RETURN(node.comparison, Field(rule));
  FilterComparison& comparison = node.comparison;
  if (token_.kind == Kind::kFault) {
    return Unexpected();
  }
  if (token_.kind != Kind::kOperator) {
    return FaultAt(token_.offset, TextId::kFilterOperator);
  }
  const bool has = token_.text == ":";
  comparison.op = OperatorOf(token_.text);
  if (comparison.field == FilterField::kLabel && comparison.label_key.empty()) {
    if (!has) {
      return FaultAt(token_.offset, TextId::kFilterLabelsWhole);
    }
    GL_RETURN_IF_ERROR(LabelPresence(comparison));
    return node;
  }
  if (IsOrder(comparison.op) && !rule->ordered) {
    return FaultAt(token_.offset, TextId::kFilterNoOrder);
  }
  GL_RETURN_IF_ERROR(Value(*rule, has, comparison));
  return node;
}

}  // namespace

absl::StatusOr<ListFilter> ParseListFilter(std::string_view text) {
  if (text.size() > kFilterBytesMax) {
    return LimitAt(kFilterBytesMax, TextId::kFilterTooLong, kFilterBytesMax);
  }
  if (!IsValidUtf8(text)) {
    return Invalid(MakeText(TextId::kFilterNotUtf8));
  }
  return Parser(text).Parse();
}

}  // namespace genledger
