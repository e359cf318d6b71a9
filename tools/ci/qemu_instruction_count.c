/* Plugin of qemu-user that counts the instructions that a program executes:
 *
 *   cc -shared -fPIC -o count.so tools/ci/qemu_instruction_count.c
 *   qemu-aarch64 -plugin ./count.so -d plugin program
 *
 * Debian's qemu-user has plugins, but no package has their header, hence the
 * declarations here: qemu's plugin API, version 1. */

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
typedef void (*translated_callback)(qemu_plugin_id_t id, struct qemu_plugin_tb* block);
typedef void (*exit_callback)(qemu_plugin_id_t id, void* data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                                  translated_callback callback);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_callback callback,
                                           void* data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
/* `operation` 0 adds `value` to *counter at each execution of the block. */
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block,
                                                     int operation, void* counter,
                                                     uint64_t value);
extern void qemu_plugin_outs(const char* text);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t n_instructions;

static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &n_instructions,
                                           qemu_plugin_tb_n_insns(block));
}

static void on_exit(qemu_plugin_id_t id, void* data) {
  char text[64];
  (void)id;
  (void)data;
  snprintf(text, sizeof text, "instructions: %" PRIu64 "\n", n_instructions);
  qemu_plugin_outs(text);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const void* info,
                                                               int argc, char** argv) {
  (void)info;
  (void)argc;
  (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
  qemu_plugin_register_atexit_cb(id, on_exit, NULL);
  return 0;
}
