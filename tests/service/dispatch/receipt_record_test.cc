#include "service/dispatch/receipt_record.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/service/dispatch/sample_receipts.h"

namespace genledger {
namespace {

std::string Payload(const Receipt& receipt) { return EncodeReceipt(receipt).value(); }

std::string Slot(const Receipt& receipt, int32_t number,
                 ReceiptSlotState state = ReceiptSlotState::kLive) {
  ReceiptSlot part = SplitReceipt(Payload(receipt), 5).front();
  part.state = state;
  return EncodeReceiptSlot(part, number);
}

TEST(ReceiptRecordTest, ReceiptsSurviveTheirEncoding) {
  Receipt odd = SampleReceipt(2, 3);
  odd.attempt = -1;
  odd.epoch = -1;
  odd.time = absl::FromUnixMicros(-1);
  odd.task_ids.emplace_back(std::string("\0\xff\"", 3));
  odd.task_ids.emplace_back(std::string(10000, 'x'));
  for (const Receipt& receipt : {SampleReceipt(1), SampleReceipt(7, 150), odd}) {
    const absl::StatusOr<Receipt> decoded = DecodeReceipt(Payload(receipt));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, receipt);
  }
}

TEST(ReceiptRecordTest, APayloadIsDecodedWholeOrNotAtAll) {
  const std::string payload = Payload(SampleReceipt(1, 2));
  for (size_t length = 0; length < payload.size(); ++length) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeReceipt(payload.substr(0, length)).status())) << length;
  }
  EXPECT_TRUE(absl::IsDataLoss(DecodeReceipt(payload + "x").status()));
}

TEST(ReceiptRecordTest, WhatIsNoReceiptIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(EncodeReceipt(SampleReceipt(1, 0)).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(EncodeReceipt(SampleReceipt(1, 2000)).status()));
  Receipt timeless = SampleReceipt(1);
  timeless.time = absl::InfinitePast();
  EXPECT_TRUE(absl::IsInvalidArgument(EncodeReceipt(timeless).status()));
  EXPECT_EQ(SplitReceipt(Payload(SampleReceipt(1, 1550)), 1).size(), kReceiptSlotsMax);
}

TEST(ReceiptRecordTest, SlotsSayWhatTheyHold) {
  const std::string payload = Payload(SampleReceipt(1, 150));
  std::vector<ReceiptSlot> parts = SplitReceipt(payload, 42);
  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[0].payload + parts[1].payload, payload);
  for (int32_t i = 0; i < 2; ++i) {
    for (const ReceiptSlotState state : {ReceiptSlotState::kLive, ReceiptSlotState::kForgotten}) {
      parts[i].state = state;
      const std::string bytes = EncodeReceiptSlot(parts[i], 7 + i);
      ASSERT_EQ(bytes.size(), kReceiptSlotBytes);
      EXPECT_EQ(DecodeReceiptSlot(bytes, 7 + i), parts[i]);
      const ReceiptSlot elsewhere = DecodeReceiptSlot(bytes, 9);
      EXPECT_EQ(elsewhere.state, ReceiptSlotState::kDamaged);
      EXPECT_NE(elsewhere.damage.find("written for slot"), std::string::npos);
    }
  }
  EXPECT_EQ(DecodeReceiptSlot(std::string(kReceiptSlotBytes, '\0'), 0), ReceiptSlot());
}

TEST(ReceiptRecordTest, ForgettingChangesTheHeadOnly) {
  const Receipt receipt = SampleReceipt(1);
  EXPECT_EQ(Slot(receipt, 3).substr(kReceiptHeadBytes),
            Slot(receipt, 3, ReceiptSlotState::kForgotten).substr(kReceiptHeadBytes));
}

// A write that stopped after any number of bytes, from the front or (sectors come in any order)
// from the back, over whatever the slot held: the old contents, the new ones, or damage.
TEST(ReceiptRecordTest, ATornWriteAtEveryByteIsNeverBelieved) {
  const std::string fresh = Slot(SampleReceipt(1), 3);
  const std::string forgotten = Slot(SampleReceipt(1), 3, ReceiptSlotState::kForgotten);
  const std::string other = Slot(SampleReceipt(900, 20), 3, ReceiptSlotState::kForgotten);
  const std::vector<std::pair<std::string, std::string>> writes = {
      {std::string(kReceiptSlotBytes, '\0'), fresh},  // the first use of a slot
      {other, fresh},                                 // a later one
      {fresh, forgotten},                             // a Forget
      {forgotten, fresh},                             // the same receipt once more
  };
  for (const auto& [before, after] : writes) {
    const ReceiptSlot old_slot = DecodeReceiptSlot(before, 3);
    const ReceiptSlot new_slot = DecodeReceiptSlot(after, 3);
    for (size_t done = 0; done <= kReceiptSlotBytes; ++done) {
      for (const std::string& torn : {after.substr(0, done) + before.substr(done),
                                      before.substr(0, done) + after.substr(done)}) {
        const ReceiptSlot slot = DecodeReceiptSlot(torn, 3);
        if (torn == after || torn == before) {
          EXPECT_EQ(slot, torn == after ? new_slot : old_slot) << done;
        } else {
          EXPECT_EQ(slot.state, ReceiptSlotState::kDamaged) << done;
          EXPECT_FALSE(slot.damage.empty()) << done;
        }
      }
    }
  }
}

TEST(ReceiptRecordTest, EveryFlippedByteIsDamage) {
  const std::string whole = Slot(SampleReceipt(1), 3);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x20);
    const ReceiptSlot slot = DecodeReceiptSlot(flipped, 3);
    EXPECT_EQ(slot.state, ReceiptSlotState::kDamaged) << i;
    EXPECT_TRUE(slot.payload.empty()) << i;
  }
}

TEST(ReceiptRecordTest, DamageShowsWhatCanBeRead) {
  std::string torn = Slot(SampleReceipt(1), 3);
  torn[3000] = 'x';
  const std::string damage = DecodeReceiptSlot(torn, 3).damage;
  EXPECT_NE(damage.find("sub_1"), std::string::npos) << damage;
  EXPECT_NE(damage.find("task-1-0-"), std::string::npos) << damage;
  EXPECT_EQ(damage.find('\n'), std::string::npos);
  EXPECT_LT(PrintableExcerpt(std::string(4096, 'a')).size(), 301);
}

}  // namespace
}  // namespace genledger
