// weir: the one program.

#include "cli/program.h"

int main(int argc, char** argv) {
  return weir::cli::run_program(weir::cli::ProgramImage::take(argc, argv));
}
