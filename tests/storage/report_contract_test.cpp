#include "tests/storage/store_contract.h"

// Reports that come in pieces, before anybody knows what becomes of them.
namespace reveille::storage::testing {
namespace {

class ReportContractTest : public StoreContractTest {
 protected:
  void SetUp() override {
    StoreContractTest::SetUp();
    enrol(phone);
    enqueue(phone, list);
    says_idle(phone);
  }

  Result<void> put(std::uint32_t piece, const Bytes& bytes, UploadId to = upload) {
    return commit([&](Transaction& transaction) {
      return transaction.put_report_piece(phone, list.uuid, to, piece, bytes);
    });
  }
  Result<Recorded> record(UploadId of = upload, mdm::Status status = mdm::Status::acknowledged) {
    return commit([&](Transaction& transaction) {
      return transaction.record_report(phone, list.uuid, status, of, now);
    });
  }
  std::optional<Bytes> result() { return store().begin()->find_result(phone, list.uuid).value(); }
  std::optional<Bytes> piece(std::uint32_t number) {
    return store().begin()->result_piece(phone, list.uuid, number).value();
  }

  static constexpr UploadId upload{.number = 7}, another{.number = 0xffff'ffff'ffff'ffff};
};
REVEILLE_ON_EVERY_ENGINE(ReportContractTest);

TEST_P(ReportContractTest, AReportThatCameInPiecesIsReadBackByteForByte) {
  const Bytes first(Transaction::report_piece_bytes_max, '\0'), last("\xff the end");
  ASSERT_TRUE(put(0, first));
  ASSERT_TRUE(put(1, last));
  EXPECT_EQ(result(), std::nullopt);
  EXPECT_EQ(state_of(phone, list), DeliveryState::sent);

  EXPECT_EQ(record()->kind, Recorded::Kind::recorded);

  EXPECT_EQ(state_of(phone, list), DeliveryState::acknowledged);
  EXPECT_EQ(store().begin()->result_size(phone, list.uuid).value(),
            (ResultSize{.bytes = first.size() + last.size(), .pieces = 2}));
  EXPECT_EQ(piece(0), first);
  EXPECT_EQ(piece(1), last);
  EXPECT_EQ(piece(2), std::nullopt);
  EXPECT_EQ(result(), first + last);
}

TEST_P(ReportContractTest, AShortReportIsOfOnePiece) {
  report(phone, list, mdm::Status::acknowledged, "short");
  EXPECT_EQ(store().begin()->result_size(phone, list.uuid).value(),
            (ResultSize{.bytes = 5, .pieces = 1}));
  EXPECT_EQ(piece(0), "short");
  EXPECT_EQ(piece(1), std::nullopt);
}

TEST_P(ReportContractTest, WithoutAReportThereIsNoSizeAndNoPiece) {
  EXPECT_EQ(store().begin()->result_size(phone, list.uuid).value(), std::nullopt);
  EXPECT_EQ(piece(0), std::nullopt);
  EXPECT_EQ(store().begin()->result_size(mac, list.uuid).value(), std::nullopt);
}

TEST_P(ReportContractTest, PiecesComeInOrderEachOnce) {
  EXPECT_EQ(put(1, "b").error().code, ErrorCode::conflict);
  ASSERT_TRUE(put(0, "a"));
  EXPECT_EQ(put(0, "a").error().code, ErrorCode::conflict);
  EXPECT_EQ(put(2, "c").error().code, ErrorCode::conflict);
  ASSERT_TRUE(put(1, "b"));
  ASSERT_TRUE(record());
  EXPECT_EQ(result(), "ab");
}

TEST_P(ReportContractTest, NoPieceIsTakenForACommandThatIsNotLive) {
  const auto put_for = [&](const mdm::EnrolmentId& enrolment, const mdm::Command& command) {
    return store().begin()->put_report_piece(enrolment, command.uuid, upload, 0, "a");
  };
  EXPECT_EQ(put_for(phone, lock).error().code, ErrorCode::not_found);
  EXPECT_EQ(put_for(mac, list).error().code, ErrorCode::not_found);
  report(phone, list, mdm::Status::acknowledged, "short");
  EXPECT_EQ(put_for(phone, list).error().code, ErrorCode::not_found);
}

TEST_P(ReportContractTest, OfTwoUploadsOfOneReportTheFirstRecordedIsKept) {
  ASSERT_TRUE(put(0, "mine", upload));
  ASSERT_TRUE(put(0, "theirs", another));
  EXPECT_EQ(record(another)->kind, Recorded::Kind::recorded);
  EXPECT_EQ(put(1, " and more", upload).error().code, ErrorCode::not_found);
  EXPECT_EQ(record(upload)->kind, Recorded::Kind::duplicate);
  EXPECT_EQ(result(), "theirs");
}

TEST_P(ReportContractTest, AReportWhosePiecesAreNotThereChangesNothing) {
  EXPECT_EQ(record().error().code, ErrorCode::conflict);
  ASSERT_TRUE(put(0, "a"));
  commit([&](Transaction& transaction) { return transaction.drop_upload(phone, upload); });
  EXPECT_EQ(record().error().code, ErrorCode::conflict);
  EXPECT_EQ(state_of(phone, list), DeliveryState::sent);
  ASSERT_TRUE(put(0, "b"));
  ASSERT_TRUE(record());
  EXPECT_EQ(result(), "b");
}

TEST_P(ReportContractTest, NotNowKeepsNoPieces) {
  ASSERT_TRUE(put(0, "a"));
  EXPECT_EQ(record(upload, mdm::Status::not_now)->kind, Recorded::Kind::recorded);
  EXPECT_EQ(record().error().code, ErrorCode::conflict);
  EXPECT_EQ(result(), std::nullopt);
}

TEST_P(ReportContractTest, DroppingARecordedUploadChangesNothing) {
  ASSERT_TRUE(put(0, "a"));
  ASSERT_TRUE(record());
  commit([&](Transaction& transaction) { return transaction.drop_upload(phone, upload); });
  EXPECT_EQ(result(), "a");
}

TEST_P(ReportContractTest, ARecordedReportIsNotWrittenOver) {
  ASSERT_TRUE(put(0, "a"));
  ASSERT_TRUE(record());
  enqueue(phone, lock);
  const auto again = store().begin()->put_report_piece(phone, lock.uuid, upload, 0, "b");
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_EQ(result(), "a");
}

TEST_P(ReportContractTest, ALaterLifeSeesNothingOfIt) {
  ASSERT_TRUE(put(0, "a", upload));
  ASSERT_TRUE(put(0, "b", another));
  ASSERT_TRUE(record(upload));
  enrol(phone);
  enqueue(phone, list);
  EXPECT_EQ(result(), std::nullopt);
  EXPECT_EQ(put(1, "b", another).error().code, ErrorCode::conflict);
  EXPECT_EQ(record(another).error().code, ErrorCode::conflict);
}

TEST_P(ReportContractTest, AResultStaysWhenTheEnrolmentEnds) {
  ASSERT_TRUE(put(0, "a"));
  ASSERT_TRUE(record());
  end(phone, EndReason::checked_out);
  EXPECT_EQ(result(), "a");
}

}  // namespace
}  // namespace reveille::storage::testing
