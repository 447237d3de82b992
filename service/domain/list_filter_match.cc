#include "service/domain/list_filter_match.h"

#include <algorithm>
#include <string>
#include <variant>

namespace genledger {
namespace {

// What a comparison asks of a value that is there.
template <typename T>
bool Compare(const T& actual, FilterOperator op, const T& wanted) {
  switch (op) {
    case FilterOperator::kEqual:
      return actual == wanted;
    case FilterOperator::kNotEqual:
      return actual != wanted;
    case FilterOperator::kLess:
      return actual < wanted;
    case FilterOperator::kLessEqual:
      return actual <= wanted;
    case FilterOperator::kGreater:
      return actual > wanted;
    case FilterOperator::kGreaterEqual:
      return actual >= wanted;
    case FilterOperator::kPresent:
      return true;
  }
  return false;
}

bool CompareAbsent(FilterOperator op) { return op == FilterOperator::kNotEqual; }

bool CompareText(const std::string& actual, const FilterComparison& comparison) {
  if (comparison.op == FilterOperator::kPresent) {
    return !actual.empty();
  }
  return Compare(actual, comparison.op, std::get<std::string>(comparison.value));
}

bool CompareTime(absl::Time actual, const FilterComparison& comparison) {
  if (actual == absl::InfinitePast()) {
    return CompareAbsent(comparison.op);
  }
  if (comparison.op == FilterOperator::kPresent) {
    return true;
  }
  return Compare(actual, comparison.op, std::get<absl::Time>(comparison.value));
}

bool CompareLabel(const Submission& submission, const FilterComparison& comparison) {
  const auto label = submission.labels.find(comparison.label_key);
  if (label == submission.labels.end()) {
    return CompareAbsent(comparison.op);
  }
  // A label with an empty value is there.
  return comparison.op == FilterOperator::kPresent ||
         Compare(label->second, comparison.op, std::get<std::string>(comparison.value));
}

bool CompareFailure(const Submission& submission, const FilterComparison& comparison) {
  if (!submission.failure.has_value()) {
    return CompareAbsent(comparison.op);
  }
  return comparison.op == FilterOperator::kPresent ||
         Compare(submission.failure->reason, comparison.op,
                 std::get<ErrorReason>(comparison.value));
}

// kPresent is never asked of id, state and request_hash: they always are.
bool MatchesComparison(const FilterComparison& comparison, const Submission& submission) {
  static const std::string kNoModel;
  switch (comparison.field) {
    case FilterField::kId:
      return Compare(submission.id.value(), comparison.op,
                     std::get<SubmissionId>(comparison.value).value());
    case FilterField::kState:
      return Compare(submission.state, comparison.op, std::get<SubmissionState>(comparison.value));
    case FilterField::kModel: {
      const auto& model = submission.spec.value().model;
      return CompareText(model.has_value() ? *model : kNoModel, comparison);
    }
    case FilterField::kTaskId:
      return CompareText(submission.task_id.value(), comparison);
    case FilterField::kRequestId:
      return CompareText(submission.request_id, comparison);
    case FilterField::kRequestHash:
      return Compare(submission.request_hash, comparison.op,
                     std::get<RequestHash>(comparison.value));
    case FilterField::kUpstreamAccount:
      return CompareText(submission.scope.upstream_account, comparison);
    case FilterField::kLabel:
      return CompareLabel(submission, comparison);
    case FilterField::kFailureReason:
      return CompareFailure(submission, comparison);
    case FilterField::kCreateTime:
      return CompareTime(submission.create_time, comparison);
    case FilterField::kUpdateTime:
      return CompareTime(submission.update_time, comparison);
    case FilterField::kSubmitTime:
      return CompareTime(submission.submit_time, comparison);
  }
  return false;
}

bool MatchesNode(const FilterNode& node, const Submission& submission) {
  const auto matches = [&](const FilterNode& child) { return MatchesNode(child, submission); };
  switch (node.kind) {
    case FilterNode::Kind::kComparison:
      return MatchesComparison(node.comparison, submission);
    case FilterNode::Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), matches);
    case FilterNode::Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(), matches);
    case FilterNode::Kind::kNot:
      return !MatchesNode(node.children.front(), submission);
  }
  return false;
}

}  // namespace

bool Matches(const ListFilter& filter, const Submission& submission) {
  return !filter.root.has_value() || MatchesNode(*filter.root, submission);
}

}  // namespace genledger
