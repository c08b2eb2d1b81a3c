/* The clock of another day: preloaded into a process, it adds SHIFT_SECONDS to the time of day. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (clock == CLOCK_REALTIME && result == 0)
        now->tv_sec += SHIFT_SECONDS;
    return result;
}
