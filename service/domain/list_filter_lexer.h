// The words of a list filter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "service/base/texts.h"

namespace genledger {

struct FilterToken {
  enum class Kind : uint8_t {
    kEnd,
    kLeftParenthesis,
    kRightParenthesis,
    kAnd,
    kOr,
    kNot,       // NOT, or - in front of a term
    kText,      // a word without quotes
    kString,    // what was between quotes, escapes resolved
    kOperator,  // = != < <= > >= :
    kFault,     // `fault` says what is wrong
  };

  Kind kind = Kind::kEnd;
  size_t offset = 0;  // of its first byte
  std::string text;
  TextId fault = TextId::kEnd;
};

// Reads tokens from left to right. The same bytes mean different things in the two places where a
// word may stand: 10:00 is a value, but labels:team is a field and an operator.
class FilterLexer {
 public:
  // `text` must outlive it.
  explicit FilterLexer(std::string_view text) : text_(text) {}

  // Where a term, an operator or a conjunction is expected.
  FilterToken Next();
  // Behind an operator. A word reaches to the next white space, parenthesis, quote or one of = ! <
  // > and may contain : and begin with -.
  FilterToken NextValue();
  // A quoted string that begins right here, without white space; nullopt if there is none.
  std::optional<FilterToken> AdjacentString();

  // Of the next byte to be read.
  size_t offset() const { return at_; }

 private:
  void SkipWhiteSpace();
  FilterToken Word(std::string_view ends);
  FilterToken Operator();
  FilterToken String();

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace genledger
