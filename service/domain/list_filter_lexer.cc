#include "service/domain/list_filter_lexer.h"

namespace genledger {
namespace {

using Kind = FilterToken::Kind;

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kEndsOfName = " \t\r\n()\"'=!<>:";
constexpr std::string_view kEndsOfValue = " \t\r\n()\"'=!<>";

bool Contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

Kind KindOfWord(std::string_view word) {
  if (word == "AND") {
    return Kind::kAnd;
  }
  if (word == "OR") {
    return Kind::kOr;
  }
  return word == "NOT" ? Kind::kNot : Kind::kText;
}

FilterToken Fault(size_t offset, TextId what) {
  return {.kind = Kind::kFault, .offset = offset, .fault = what};
}

}  // namespace

void FilterLexer::SkipWhiteSpace() {
  while (at_ < text_.size() && Contains(kWhiteSpace, text_[at_])) {
    ++at_;
  }
}

FilterToken FilterLexer::Next() {
  SkipWhiteSpace();
  const size_t start = at_;
  if (at_ == text_.size()) {
    return {.kind = Kind::kEnd, .offset = start};
  }
  switch (text_[at_]) {
    case '(':
      ++at_;
      return {.kind = Kind::kLeftParenthesis, .offset = start};
    case ')':
      ++at_;
      return {.kind = Kind::kRightParenthesis, .offset = start};
    case '-':
      ++at_;
      return {.kind = Kind::kNot, .offset = start};
    case '"':
    case '\'':
      return String();
    case '=':
    case '!':
    case '<':
    case '>':
    case ':':
      return Operator();
    default:
      return Word(kEndsOfName);
  }
}

FilterToken FilterLexer::NextValue() {
  SkipWhiteSpace();
  const size_t start = at_;
  if (at_ == text_.size()) {
    return {.kind = Kind::kEnd, .offset = start};
  }
  const char c = text_[at_];
  if (c == '"' || c == '\'') {
    return String();
  }
  if (Contains(kEndsOfValue, c)) {
    return Fault(start, TextId::kFilterValueQuote);
  }
  return Word(kEndsOfValue);
}

std::optional<FilterToken> FilterLexer::AdjacentString() {
  if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
    return String();
  }
  return std::nullopt;
}

FilterToken FilterLexer::Word(std::string_view ends) {
  const size_t start = at_;
  while (at_ < text_.size() && !Contains(ends, text_[at_])) {
    ++at_;
  }
  const std::string_view word = text_.substr(start, at_ - start);
  return {.kind = KindOfWord(word), .offset = start, .text = std::string(word)};
}

FilterToken FilterLexer::Operator() {
  const size_t start = at_++;
  const char first = text_[start];
  const bool equals = first != ':' && first != '=' && at_ < text_.size() && text_[at_] == '=';
  if (equals) {
    ++at_;
  } else if (first == '!') {
    return Fault(start, TextId::kFilterNot);
  }
  return {.kind = Kind::kOperator,
          .offset = start,
          .text = std::string(text_.substr(start, at_ - start))};
}

FilterToken FilterLexer::String() {
  FilterToken token{.kind = Kind::kString, .offset = at_};
  const char quote = text_[at_++];
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == quote) {
      return token;
    }
    if (c != '\\') {
      token.text += c;
      continue;
    }
    if (at_ == text_.size() || !Contains("\"'\\", text_[at_])) {
      return Fault(at_ - 1, TextId::kFilterEscape);
    }
    token.text += text_[at_++];
  }
  return Fault(token.offset, TextId::kFilterOpenString);
}

}  // namespace genledger
