// SPDX-License-Identifier: BSD-3-Clause
// NUX_EACH(macro, (a, b), (c, d), ...): macro(a, b) macro(c, d) ..., up to 32 of them.

#ifndef NUX_EACH_H
#define NUX_EACH_H

#define NUX_EACH(each, ...) NUX_EACH_OF(NUX_COUNT(__VA_ARGS__))(each, __VA_ARGS__)
#define NUX_EACH_OF(count) NUX_EACH_PASTE(count)
#define NUX_EACH_PASTE(count) NUX_EACH_##count

/// Number of arguments, 1 to 32; for 33 to 80 it is the word TOO_MANY.
#define NUX_COUNT(...)                                                                             \
    NUX_COUNT_PICK(__VA_ARGS__, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY,        \
                   TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, \
                   TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, \
                   TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, \
                   TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, \
                   TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, \
                   TOO_MANY, TOO_MANY, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, \
                   17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define NUX_COUNT_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, \
                       a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32,  \
                       a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, a46, a47,  \
                       a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, a61, a62,  \
                       a63, a64, a65, a66, a67, a68, a69, a70, a71, a72, a73, a74, a75, a76, a77,  \
                       a78, a79, a80, count, ...)                                                  \
    count
#define NUX_EACH_TOO_MANY(each, ...) _Static_assert(0, "more than 32 entries in one list");

#define NUX_EACH_1(each, item) each item
#define NUX_EACH_2(each, item, ...) each item NUX_EACH_1(each, __VA_ARGS__)
#define NUX_EACH_3(each, item, ...) each item NUX_EACH_2(each, __VA_ARGS__)
#define NUX_EACH_4(each, item, ...) each item NUX_EACH_3(each, __VA_ARGS__)
#define NUX_EACH_5(each, item, ...) each item NUX_EACH_4(each, __VA_ARGS__)
#define NUX_EACH_6(each, item, ...) each item NUX_EACH_5(each, __VA_ARGS__)
#define NUX_EACH_7(each, item, ...) each item NUX_EACH_6(each, __VA_ARGS__)
#define NUX_EACH_8(each, item, ...) each item NUX_EACH_7(each, __VA_ARGS__)
#define NUX_EACH_9(each, item, ...) each item NUX_EACH_8(each, __VA_ARGS__)
#define NUX_EACH_10(each, item, ...) each item NUX_EACH_9(each, __VA_ARGS__)
#define NUX_EACH_11(each, item, ...) each item NUX_EACH_10(each, __VA_ARGS__)
#define NUX_EACH_12(each, item, ...) each item NUX_EACH_11(each, __VA_ARGS__)
#define NUX_EACH_13(each, item, ...) each item NUX_EACH_12(each, __VA_ARGS__)
#define NUX_EACH_14(each, item, ...) each item NUX_EACH_13(each, __VA_ARGS__)
#define NUX_EACH_15(each, item, ...) each item NUX_EACH_14(each, __VA_ARGS__)
#define NUX_EACH_16(each, item, ...) each item NUX_EACH_15(each, __VA_ARGS__)
#define NUX_EACH_17(each, item, ...) each item NUX_EACH_16(each, __VA_ARGS__)
#define NUX_EACH_18(each, item, ...) each item NUX_EACH_17(each, __VA_ARGS__)
#define NUX_EACH_19(each, item, ...) each item NUX_EACH_18(each, __VA_ARGS__)
#define NUX_EACH_20(each, item, ...) each item NUX_EACH_19(each, __VA_ARGS__)
#define NUX_EACH_21(each, item, ...) each item NUX_EACH_20(each, __VA_ARGS__)
#define NUX_EACH_22(each, item, ...) each item NUX_EACH_21(each, __VA_ARGS__)
#define NUX_EACH_23(each, item, ...) each item NUX_EACH_22(each, __VA_ARGS__)
#define NUX_EACH_24(each, item, ...) each item NUX_EACH_23(each, __VA_ARGS__)
#define NUX_EACH_25(each, item, ...) each item NUX_EACH_24(each, __VA_ARGS__)
#define NUX_EACH_26(each, item, ...) each item NUX_EACH_25(each, __VA_ARGS__)
#define NUX_EACH_27(each, item, ...) each item NUX_EACH_26(each, __VA_ARGS__)
#define NUX_EACH_28(each, item, ...) each item NUX_EACH_27(each, __VA_ARGS__)
#define NUX_EACH_29(each, item, ...) each item NUX_EACH_28(each, __VA_ARGS__)
#define NUX_EACH_30(each, item, ...) each item NUX_EACH_29(each, __VA_ARGS__)
#define NUX_EACH_31(each, item, ...) each item NUX_EACH_30(each, __VA_ARGS__)
#define NUX_EACH_32(each, item, ...) each item NUX_EACH_31(each, __VA_ARGS__)

#endif
