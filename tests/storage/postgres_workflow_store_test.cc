#include "storage/postgres/postgres_workflow_store.h"

#include "tests/storage/null_logger.h"
#include "tests/storage/private_postgres.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

class PostgresBackend : public StoreBackend {
 public:
  explicit PostgresBackend(Clock* clock)
      : clock_(clock), database_(PrivatePostgres::Shared().NewDatabase()) {}

  absl::StatusOr<std::unique_ptr<WorkflowStore>> Open() override {
    return PostgresWorkflowStore::Open({.location = PrivatePostgres::Shared().Location(database_),
                                        .clock = clock_,
                                        .logger = &logger_,
                                        .lease_clock = clock_});
  }
  bool IsShared() const override { return true; }

 private:
  Clock* const clock_;
  NullLogger logger_;
  const std::string database_;
};

INSTANTIATE_TEST_SUITE_P(
    Postgres, WorkflowStoreConformance,
    testing::Values(StoreBackendFactory{
        "postgres", [](Clock* clock) { return std::make_unique<PostgresBackend>(clock); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!genledger::PrivatePostgres::IsInstalled()) {
    std::fprintf(stderr, "SKIPPED: PostgreSQL 15 is not installed (package postgresql-15)\n");
    return 0;
  }
  return RUN_ALL_TESTS();
}
