#include "storage/sqlite/names.h"

#include "storage/sqlite/sql.h"
#include "storage/sqlite/statement.h"

namespace genledger::sqlite {
namespace {

// Names that are kept in memory; with more, the memory starts over.
constexpr size_t kRememberedMax = 4096;

}  // namespace

Names::Names(SQLite::Database& database)
    : database_(database),
      select_number_(database, sql::kSelectNameNumber),
      select_text_(database, sql::kSelectNameText),
      insert_(database, sql::kInsertName) {}

std::optional<int64_t> Names::Find(const std::string& text) {
  if (text.empty()) {
    return 0;
  }
  if (const auto known = numbers_.find(text); known != numbers_.end()) {
    return known->second;
  }
  StatementUse use(select_number_);
  if (!use.Text(text).Step()) {
    return std::nullopt;
  }
  const int64_t number = RowReader(use.statement()).Int();
  Remember(number, text);
  return number;
}

int64_t Names::Intern(const std::string& text) {
  if (const std::optional<int64_t> known = Find(text); known.has_value()) {
    return *known;
  }
  StatementUse(insert_).Text(text).Run();
  const int64_t number = database_.getLastInsertRowid();
  Remember(number, text);
  return number;
}

std::optional<std::string> Names::Text(int64_t number) {
  if (number == 0) {
    return std::string();
  }
  if (const auto known = texts_.find(number); known != texts_.end()) {
    return known->second;
  }
  StatementUse use(select_text_);
  if (!use.Int(number).Step()) {
    return std::nullopt;
  }
  std::string text = RowReader(use.statement()).Text();
  Remember(number, text);
  return text;
}

void Names::Forget() {
  numbers_.clear();
  texts_.clear();
}

void Names::Remember(int64_t number, const std::string& text) {
  if (texts_.size() >= kRememberedMax) {
    Forget();
  }
  numbers_.emplace(text, number);
  texts_.emplace(number, text);
}

}  // namespace genledger::sqlite
