// Requests and responses that gRPC makes for its callers, on arenas.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace genledger {

// A message of ours is some thirty allocations, and as many at its end; on an arena it is the few
// for texts that are longer than 15 bytes. The first block of an arena, which most calls do not
// exceed, is used again: each thread keeps a few. Thread safe; must outlive the server.
template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override {
    std::vector<std::unique_ptr<Messages>>& idle = Idle();
    std::unique_ptr<Messages> messages;
    if (idle.empty()) {
      messages = std::make_unique<Messages>();
    } else {
      messages = std::move(idle.back());
      idle.pop_back();
    }
    messages->Make();
    return messages.release();  // Release() takes it back
  }

 private:
  // Enough for a request and an answer of usual size; what exceeds it is freed after the call.
  static constexpr size_t kFirstBlockBytes = 3072;
  static constexpr size_t kIdleMax = 16;

  class Messages final : public grpc::MessageHolder<Request, Response> {
   public:
    Messages() : arena_(first_block_.data(), first_block_.size()) {}

    void Make() {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }

    void Release() override {
      std::unique_ptr<Messages> self(this);
      arena_.Reset();
      if (std::vector<std::unique_ptr<Messages>>& idle = Idle(); idle.size() < kIdleMax) {
        idle.push_back(std::move(self));
      }
    }

   private:
    alignas(std::max_align_t) std::array<char, kFirstBlockBytes> first_block_;
    google::protobuf::Arena arena_;
  };

  // Of this thread.
  static std::vector<std::unique_ptr<Messages>>& Idle() {
    thread_local std::vector<std::unique_ptr<Messages>> idle;
    return idle;
  }
};

}  // namespace genledger
