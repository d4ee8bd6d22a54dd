#include "runtime/file_operation.h"

#include <cerrno>

#include "runtime/waiter.h"

namespace weir::runtime {

FileOperation::FileOperation(Reactor& reactor, FileRequest wanted, FileHandle* handle)
    : request(std::move(wanted)), reactor_(reactor), handle_(handle) {
  if (handle_) handle_->hold();
  reactor_.enlist(*this);
}

FileOperation::~FileOperation() {
  reactor_.delist(*this);
  if (handle_) handle_->release();
}

void FileOperation::answer(int64_t value) {
  result = value;
  answered_ = true;
  if (waiter_) return waiter_->wake();
  if (request.action == FileAction::open && value >= 0)
    close_descriptor(reactor_, static_cast<int>(value));
  delete this;
}

void FileHandle::release() {
  if (--holders_ > 0) return;
  close_descriptor(reactor_, fd_);
  delete this;
}

// The waiting end of an operation; lives in the frame of perform(). The operation is ours again
// once it has answered; otherwise it is left to itself.
class FileAwaiting {
 public:
  FileAwaiting(FileOperation& operation, Wait wait)
      : operation_(&operation), waiter_(operation.reactor(), wait) {
    operation.waiter_ = &waiter_;
  }
  ~FileAwaiting() {
    if (!operation_) return;
    operation_->waiter_ = nullptr;
    operation_->abandoned_.store(true, std::memory_order_relaxed);
    operation_->reactor().abandon_file_operation(*operation_);
  }
  bool answered() const { return operation_->answered_; }
  Waiter& waiter() { return waiter_; }
  std::unique_ptr<FileOperation> take() {
    return std::unique_ptr<FileOperation>(std::exchange(operation_, nullptr));
  }

 private:
  FileOperation* operation_;
  Waiter waiter_;
};

Task<Result<FileAnswer>> perform(Reactor& reactor, FileRequest request, FileHandle* handle,
                                 const char* text, Wait wait) {
  if (wait.cancel && wait.cancel->requested()) co_return fail(ErrorCode::cancelled, text);
  if (!reactor.admits_file_operation())
    co_return fail(ErrorCode::overloaded, "too many file operations are under way");
  auto* operation = new FileOperation(reactor, std::move(request), handle);
  FileAwaiting awaiting(*operation, wait);
  reactor.start_file_operation(*operation);
  Result<> ended;
  if (!awaiting.answered()) ended = co_await awaiting.waiter();
  if (!awaiting.answered()) co_return fail(ended.error().code, text);
  const std::unique_ptr<FileOperation> done = awaiting.take();
  const auto error = static_cast<int>(-done->result);
  if (error == ENOSYS || error == EOPNOTSUPP) co_return fail(ErrorCode::unsupported, text, error);
  if (error > 0) co_return std::unexpected(system_error(error, text));
  co_return FileAnswer{done->result, std::move(done->request)};
}

void close_descriptor(Reactor& reactor, int fd) {
  auto* operation = new FileOperation(reactor, {.action = FileAction::close, .fd = fd}, nullptr);
  reactor.start_file_operation(*operation);
}

}  // namespace weir::runtime
