#include "service/domain/list_filter.h"

namespace genledger {
namespace {

void Collect(const FilterNode& node, std::vector<const FilterComparison*>& required) {
  if (node.kind == FilterNode::Kind::kComparison) {
    required.push_back(&node.comparison);
  } else if (node.kind == FilterNode::Kind::kAnd) {
    for (const FilterNode& child : node.children) {
      Collect(child, required);
    }
  }
}

}  // namespace

std::vector<const FilterComparison*> RequiredComparisons(const ListFilter& filter) {
  std::vector<const FilterComparison*> required;
  if (filter.root.has_value()) {
    Collect(*filter.root, required);
  }
  return required;
}

std::optional<SubmissionState> RequiredState(const ListFilter& filter) {
  for (const FilterComparison* comparison : RequiredComparisons(filter)) {
    if (comparison->field == FilterField::kState && comparison->op == FilterOperator::kEqual) {
      return std::get<SubmissionState>(comparison->value);
    }
  }
  return std::nullopt;
}

}  // namespace genledger
