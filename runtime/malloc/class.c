/*
 * The table of size classes.  A span has at least seven objects and loses less
 * than a sixth around them; a batch is 8 KiB, or 128 objects.
 */
#include "runtime/malloc/class.h"

#define BATCH(b) ((b) <= 64 ? 128 : (b) >= 8192 ? 1 : 8192 / (b))
#define CLASS(b, pages) { UINT64_MAX / (b) + 1, (b), (pages), BATCH(b) }

const struct class classes[CLASSES] = {
	{ 0 },
	CLASS(16, 2), CLASS(32, 2), CLASS(48, 2), CLASS(64, 2), CLASS(80, 2),
	CLASS(96, 2), CLASS(112, 2), CLASS(128, 2), CLASS(144, 2),
	CLASS(160, 2), CLASS(176, 2), CLASS(192, 2), CLASS(208, 2),
	CLASS(224, 2), CLASS(240, 2), CLASS(256, 2), CLASS(288, 2),
	CLASS(320, 2), CLASS(352, 2), CLASS(384, 2), CLASS(416, 2),
	CLASS(448, 2), CLASS(480, 2), CLASS(512, 2), CLASS(576, 2),
	CLASS(640, 2), CLASS(704, 2), CLASS(768, 2), CLASS(832, 2),
	CLASS(896, 2), CLASS(960, 2), CLASS(1024, 2), CLASS(1280, 2),
	CLASS(1536, 2), CLASS(1792, 2), CLASS(2048, 2), CLASS(2560, 3),
	CLASS(3072, 3), CLASS(3584, 4), CLASS(4096, 4), CLASS(5120, 5),
	CLASS(6144, 6), CLASS(7168, 7), CLASS(8192, 8), CLASS(10240, 10),
	CLASS(12288, 12), CLASS(14336, 14), CLASS(16384, 16), CLASS(20480, 20),
	CLASS(24576, 24), CLASS(28672, 28), CLASS(32768, 32),
};

const uint8_t class_tiny[TINY_MAX / 16 + 1] = {
	1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	13, 14, 15, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21,
	21, 22, 22, 23, 23, 24, 24, 25, 25, 25, 25, 26, 26,
	26, 26, 27, 27, 27, 27, 28, 28, 28, 28, 29, 29, 29,
	29, 30, 30, 30, 30, 31, 31, 31, 31, 32, 32, 32, 32,
};
