#pragma once

#include <pybind11/pybind11.h>

// One function per bound class or topic, each in the file of that name.
namespace pww {

void BindDeviceState(pybind11::module_& m);
void BindEchoCanceller(pybind11::module_& m);
void BindEndpointer(pybind11::module_& m);
void BindLfbe(pybind11::module_& m);
void BindModel(pybind11::module_& m);
void BindPcm(pybind11::module_& m);
void BindSpotter(pybind11::module_& m);

}  // namespace pww
