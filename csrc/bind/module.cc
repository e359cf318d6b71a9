#include <pybind11/pybind11.h>

#include "bind/bind.h"
#include "bind/errors.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of pywakeword. Private: use the names in `pywakeword`.";
  m.attr("__version__") = PWW_VERSION;
  pww::BindErrors(m);
  pww::BindDeviceState(m);
  pww::BindEchoCanceller(m);
  pww::BindEndpointer(m);
  pww::BindLfbe(m);
  pww::BindModel(m);
  pww::BindPcm(m);
  pww::BindSpotter(m);
}
