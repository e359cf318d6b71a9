#include "bind/errors.h"

#include <string>

namespace pww {
namespace {

namespace py = pybind11;

// Never released, because instances may outlive the module.
PyObject* model_error = nullptr;
PyObject* unsupported_op_error = nullptr;
PyObject* stream_error = nullptr;

PyObject* NewException(py::module_& m, const char* name, const char* doc,
                       PyObject* base) {
  // The public name, so that tracebacks show it.
  const std::string qualified = std::string("pywakeword.") + name;
  PyObject* exception =
      PyErr_NewExceptionWithDoc(qualified.c_str(), doc, base, nullptr);
  if (exception == nullptr) {
    throw py::error_already_set();
  }
  m.attr(name) = py::reinterpret_borrow<py::object>(exception);
  return exception;
}

PyObject* ExceptionFor(Status status) {
  switch (status) {
    case Status::kCorruptModel:
      return model_error;
    case Status::kUnsupportedModel:
      return unsupported_op_error;
    case Status::kBusy:
      return stream_error;
    case Status::kOk:
    case Status::kInvalidArgument:
      break;
  }
  return PyExc_ValueError;
}

}  // namespace

void BindErrors(py::module_& m) {
  PyObject* base =
      NewException(m, "PyWakewordError", "Base of every error that pywakeword defines.",
                   PyExc_Exception);
  model_error =
      NewException(m, "ModelError",
                   "A model file that is damaged or is not a wake-word model.", base);
  unsupported_op_error =
      NewException(m, "UnsupportedOpError",
                   "A valid model file that the core cannot run.", model_error);
  stream_error =
      NewException(m, "StreamError", "A stream used by two threads at once.", base);
}

void ThrowStatus(Status status, const std::string& message) {
  PyErr_SetString(ExceptionFor(status), message.c_str());
  throw py::error_already_set();
}

}  // namespace pww
