/* Prints the library's version and the instruction set in use. */

#include <stdio.h>

#include "pywakeword.h"

int main(void) {
  const char* isa;
  if (pww_isa(&isa) != PWW_OK) {
    fprintf(stderr, "info: %s\n", pww_last_error());
    return 1;
  }
  printf("%s %s\n", pww_version(), isa);
  return 0;
}
