#pragma once
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/// A decoder of raw deflate streams on the heap, or NULL when there is no memory. free(3) ends it.
static inline struct inflate_state *imgfs_isal_make(void) {
    struct inflate_state *state = calloc(1, sizeof *state);
    if (state) isal_inflate_init(state);
    return state;
}

/// One call of isal_inflate: moves the input on, sets `*written` to the bytes put out. Negative when the stream is bad.
///
/// In a bad block the library may give back more input than it was given: what is left is then behind the end.
static inline int imgfs_isal_inflate(
    struct inflate_state *state, const uint8_t **input, size_t *input_count, uint8_t *output, size_t output_count,
    size_t *written) {
    const uint32_t in = *input_count > 1u << 30 ? 1u << 30 : (uint32_t)*input_count;
    const uint32_t out = output_count > 1u << 30 ? 1u << 30 : (uint32_t)output_count;
    state->next_in = (uint8_t *)*input;
    state->avail_in = in;
    state->next_out = output;
    state->avail_out = out;
    int result = isal_inflate(state);
    if (state->avail_in > in || state->avail_out > out) {
        state->avail_in = state->avail_in > in ? in : state->avail_in;
        state->avail_out = state->avail_out > out ? out : state->avail_out;
        if (result >= 0) result = ISAL_INVALID_BLOCK;
    }
    *input += in - state->avail_in;
    *input_count -= in - state->avail_in;
    *written = out - state->avail_out;
    return result;
}

/// Whether the last block has ended and all of its bytes have been put out.
static inline int imgfs_isal_is_finished(const struct inflate_state *state) {
    return state->block_state == ISAL_BLOCK_FINISH;
}

/// Whole bytes that were read ahead and do not belong to the stream that is finished: first one in the low bits.
static inline int imgfs_isal_take_unused(struct inflate_state *state, uint64_t *bytes) {
    const int count = state->read_in_length / 8;
    *bytes = state->read_in_length % 64 ? state->read_in >> state->read_in_length % 8 : state->read_in;
    state->read_in = 0;
    state->read_in_length = 0;
    return count;
}

/// Makes the decoder finish at the end of the current block although it is not the last one. Returns 0 when there is no
/// such block: between two blocks, and in the last one.
static inline int imgfs_isal_stop_after_block(struct inflate_state *state) {
    if (state->block_state != ISAL_BLOCK_CODED && state->block_state != ISAL_BLOCK_TYPE0) return 0;
    if (state->bfinal) return 0;
    state->bfinal = 1;
    return 1;
}

/// Goes on with the next block after a stop. The decoder drops its history when it finishes: here it gets it back.
static inline int imgfs_isal_continue(struct inflate_state *state, const uint8_t *history, uint32_t count) {
    state->bfinal = 0;
    state->block_state = ISAL_BLOCK_NEW_HDR;
    return isal_inflate_set_dict(state, (uint8_t *)history, count);
}

/// Bits that were taken from the input and not used yet.
static inline int imgfs_isal_unused_bits(const struct inflate_state *state) { return state->read_in_length; }

/// Gives a fresh decoder the upper `count` bits of `byte` as its first input.
static inline void imgfs_isal_prime(struct inflate_state *state, uint8_t byte, int count) {
    state->read_in = (uint64_t)(byte >> (8 - count));
    state->read_in_length = count;
}
