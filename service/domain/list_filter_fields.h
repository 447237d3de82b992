// What a list filter may ask about: the fields, their operators, and how their values are written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "service/base/texts.h"
#include "service/domain/list_filter.h"

namespace genledger {

struct FilterFieldRule {
  std::string_view name;
  FilterField field = FilterField::kState;
  // < <= > >= are allowed as well as = and !=.
  bool ordered = false;
  // FIELD:* is allowed: it may be absent.
  bool may_be_absent = false;
  // What its values must be.
  TextId value_rule = TextId::kFilterValueText;
};

// For people: every name, in one line.
inline constexpr std::string_view kFilterFieldNames =
    "id, state, model, task_id, request_id, request_hash, upstream_account, labels.KEY, "
    "failure.reason, create_time, update_time, submit_time";

// By its name ("state", "spec.model"); "labels" for labels.KEY. nullptr if there is no such field.
const FilterFieldRule* FindFilterField(std::string_view name);

// Sets comparison.value from its text; false if the text is none of the field's values.
bool SetFilterValue(const std::string& text, FilterComparison& comparison);

}  // namespace genledger
