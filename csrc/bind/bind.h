#pragma once

#include <pybind11/pybind11.h>

// One function per bound class, each in the file of that name; module.cc calls them.
namespace pww {

void BindEchoCanceller(pybind11::module_& m);
void BindEndpointer(pybind11::module_& m);
void BindLfbe(pybind11::module_& m);
void BindModel(pybind11::module_& m);
void BindSpotter(pybind11::module_& m);

}  // namespace pww
