/*
 * What the cores can multiply at most: float32 multiply-adds and dot products of bytes on registers alone, nothing read from memory. The figure that speeds of search.mjs are a share
 * of. Prints one JSON line of operations a second (a multiplication and an addition are two) over all threads; a kind that the CPU does not have is left out.
 * cc -O2 -march=native -pthread search_peak.c -o search_peak && ./search_peak THREADS
 */
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHAINS 12
#define ROUNDS 1000000L
#define MOST_THREADS 1024

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* Latency of one step is hidden by chains that do not wait for each other, each in a register of its own; the empty assembly keeps the compiler from seeing through them. */
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define DECLARE(c) sum##c = x,
#define STEP(c)                \
  sum##c = MULTIPLY(sum##c, x); \
  __asm__ volatile("" : "+v"(sum##c));
#define LOOP(TYPE, START)                           \
  TYPE x = START, EACH(DECLARE) last = x;           \
  for (long r = 0; r < ROUNDS; r++) { EACH(STEP) }  \
  (void)last;

static void *floats(void *unused) {
#if defined(__AVX512F__)
#define MULTIPLY(sum, x) _mm512_fmadd_ps(x, x, sum)
  LOOP(__m512, _mm512_setzero_ps())
#elif defined(__FMA__)
#define MULTIPLY(sum, x) _mm256_fmadd_ps(x, x, sum)
  LOOP(__m256, _mm256_setzero_ps())
#endif
  return unused;
}

static void *bytes(void *unused) {
#if defined(__AVX512VNNI__)
#undef MULTIPLY
#define MULTIPLY(sum, x) _mm512_dpbusd_epi32(sum, x, x)
  LOOP(__m512i, _mm512_setzero_si512())
#endif
  return unused;
}

/** Operations a second, `lanes` multiply-adds at a time. */
static double speed(void *(*work)(void *), int threads, int lanes) {
  pthread_t all[MOST_THREADS];
  double start = now();
  for (int t = 0; t < threads; t++) pthread_create(&all[t], NULL, work, NULL);
  for (int t = 0; t < threads; t++) pthread_join(all[t], NULL);
  return 2.0 * lanes * CHAINS * ROUNDS * threads / (now() - start);
}

static double best(void *(*work)(void *), int threads, int lanes) {
  double most = 0;
  for (int trial = 0; trial < 100; trial++) {
    double one = speed(work, threads, lanes);
    if (one > most) most = one;
  }
  return most;
}

int main(int count, char **words) {
  int threads = count > 1 ? atoi(words[1]) : 1;
  if (threads < 1 || threads > MOST_THREADS) return 1;
  const char *comma = "";
  printf("{");
#if defined(__AVX512F__)
  printf("\"float32\": %.0f", best(floats, threads, 16)), comma = ", ";
#elif defined(__FMA__)
  printf("\"float32\": %.0f", best(floats, threads, 8)), comma = ", ";
#endif
#if defined(__AVX512VNNI__)
  printf("%s\"int8\": %.0f", comma, best(bytes, threads, 64));
#endif
  printf("}\n");
  (void)floats, (void)bytes, (void)best, (void)comma;
  return 0;
}
