// Shared and global memory of the emulator's device code: every access is checked.
#pragma once

#include "device_builtins.h"

// ---- Shared memory -----------------------------------------------------------------------------------------------------

template <class T>
class SharedRef {
  public:
    RLHF_SIMT_INLINE SharedRef(int begin, int end, int at, rlhf_simt::Site site)
        : begin_(begin), end_(end), at_(at), site_(site) {}
    RLHF_SIMT_INLINE SharedRef(const SharedRef&) = default;

    RLHF_SIMT_INLINE operator T() const {
        T value;
        memcpy(&value, rlhf_simt_shared(begin_, end_, at_, sizeof(T), sizeof(T), false, site_), sizeof(T));
        return value;
    }
    RLHF_SIMT_INLINE const SharedRef& operator=(T value) const {
        memcpy(rlhf_simt_shared(begin_, end_, at_, sizeof(T), sizeof(T), true, site_), &value, sizeof(T));
        return *this;
    }
    RLHF_SIMT_INLINE const SharedRef& operator=(const SharedRef& other) const { return *this = static_cast<T>(other); }
    template <class U>
    RLHF_SIMT_INLINE const SharedRef& operator+=(U value) const { return *this = static_cast<T>(T(*this) + value); }
    template <class U>
    RLHF_SIMT_INLINE const SharedRef& operator-=(U value) const { return *this = static_cast<T>(T(*this) - value); }
    template <class U>
    RLHF_SIMT_INLINE const SharedRef& operator*=(U value) const { return *this = static_cast<T>(T(*this) * value); }
    template <class U>
    RLHF_SIMT_INLINE const SharedRef& operator|=(U value) const { return *this = static_cast<T>(T(*this) | value); }
    template <class U>
    RLHF_SIMT_INLINE const SharedRef& operator&=(U value) const { return *this = static_cast<T>(T(*this) & value); }
    RLHF_SIMT_INLINE T operator++(int) const {
        T value = *this;
        *this = static_cast<T>(value + 1);
        return value;
    }

  private:
    int begin_, end_, at_;
    rlhf_simt::Site site_;
};

// The index carries the place of the subscript: an implicit conversion's default arguments are evaluated where it happens.
struct SharedIndex {
    long long value;
    rlhf_simt::Site site;

    template <class I>
    RLHF_SIMT_INLINE SharedIndex(I index, RLHF_SIMT_HERE) : value(static_cast<long long>(index)), site(RLHF_SIMT_SITE) {}
};

template <class T>
class Shared {
  public:
    Shared() = default;
    RLHF_SIMT_INLINE Shared(int begin, int end, long long at) : begin_(begin), end_(end), at_(at) {}
    template <class U>
    RLHF_SIMT_INLINE Shared(const Shared<U>& other) : begin_(other.begin()), end_(other.end()), at_(other.at()) {
        static_assert(sizeof(U) == sizeof(T), "shared memory is never cast");
    }

    RLHF_SIMT_INLINE SharedRef<T> operator[](SharedIndex index) const {
        return SharedRef<T>(begin_, end_, place(at_ + index.value * static_cast<long long>(sizeof(T))), index.site);
    }
    RLHF_SIMT_INLINE SharedRef<T> operator*() const { return (*this)[0]; }
    RLHF_SIMT_INLINE Shared operator+(long long count) const {
        return Shared(begin_, end_, at_ + count * static_cast<long long>(sizeof(T)));
    }
    RLHF_SIMT_INLINE Shared operator-(long long count) const { return *this + -count; }
    RLHF_SIMT_INLINE Shared& operator+=(long long count) { return *this = *this + count; }

    RLHF_SIMT_INLINE int begin() const { return begin_; }
    RLHF_SIMT_INLINE int end() const { return end_; }
    RLHF_SIMT_INLINE long long at() const { return at_; }
    RLHF_SIMT_INLINE int place() const { return place(at_); }

  private:
    // Far outside stays outside.
    static RLHF_SIMT_INLINE int place(long long at) {
        return at < -0x40000000ll || at > 0x40000000ll ? -0x40000000 : static_cast<int>(at);
    }

    int begin_ = 0, end_ = 0;
    long long at_ = 0;
};

namespace rlhf_simt {

template <class T>
RLHF_SIMT_INLINE Shared<T> shared_array(const void* tag, int count, RLHF_SIMT_HERE) {
    int bytes = count * static_cast<int>(sizeof(T));
    int begin = rlhf_simt_shared_array(tag, bytes, RLHF_SIMT_SITE);
    return Shared<T>(begin, begin + bytes, begin);
}

}  // namespace rlhf_simt

// `tag` is a static of its own for each declaration and instantiation.
#define RLHF_SHARED(T, name, count)    \
    static const char simt_tag_##name = 0; \
    const Shared<T> name = ::rlhf_simt::shared_array<T>(&simt_tag_##name, count)

template <class T>
RLHF_SIMT_INLINE Shared<T> dynamic_shared(int byte_offset = 0) {
    int begin = rlhf_simt_dynamic_begin();
    return Shared<T>(begin, rlhf_simt_dynamic_end(), begin + byte_offset);
}

// ---- Global memory -----------------------------------------------------------------------------------------------------

template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
    T lane[N];
};

namespace rlhf_simt {

template <unsigned bytes>
RLHF_SIMT_INLINE bool all_initialised(const unsigned char* shadow) {
    if constexpr (bytes == 16) {
        std::uint64_t low, high;
        memcpy(&low, shadow, 8);
        memcpy(&high, shadow + 8, 8);
        return (low & high) == 0x0101010101010101ull && (low | high) == 0x0101010101010101ull;
    } else {
        std::uint64_t state = 0;
        memcpy(&state, shadow, bytes);
        return state == (0x0101010101010101ull >> (64 - 8 * bytes));
    }
}

template <unsigned bytes, unsigned element>
RLHF_SIMT_INLINE void check_global(const void* address, Access access, Site site) {
    static_assert(bytes <= 16 && (bytes & (bytes - 1)) == 0, "an access is 1, 2, 4, 8 or 16 bytes");
    std::uint64_t place = reinterpret_cast<std::uint64_t>(address), offset = place - rlhf_simt_memory.base;
    bool common = offset < rlhf_simt_memory.size && place % bytes == 0 && rlhf_simt_memory.watch == 0 &&
                  all_initialised<bytes>(rlhf_simt_memory.shadow + offset);
    if (__builtin_expect(!common, 0)) {
        rlhf_simt_global(address, bytes, element, access, site);
    }
}

template <class T, int N>
RLHF_SIMT_INLINE Pack<T, N> read_pack(const T* address, Access access, Site site) {
    static_assert(sizeof(Pack<T, N>) == 16, "a pack is 16 bytes");
    check_global<16, sizeof(T)>(address, access, site);
    Pack<T, N> pack;
    memcpy(&pack, address, sizeof(pack));
    return pack;
}

template <class T, int N>
RLHF_SIMT_INLINE void write_pack(T* address, const Pack<T, N>& value, Access access, Site site) {
    static_assert(sizeof(Pack<T, N>) == 16, "a pack is 16 bytes");
    check_global<16, sizeof(T)>(address, access, site);
    memcpy(address, &value, sizeof(value));
}

}  // namespace rlhf_simt

template <class T>
RLHF_SIMT_INLINE T load(const T* address, RLHF_SIMT_HERE) {
    rlhf_simt::check_global<sizeof(T), sizeof(T)>(address, rlhf_simt::Access::kRead, RLHF_SIMT_SITE);
    return *address;
}

template <class T>
RLHF_SIMT_INLINE void store(T* address, T value, RLHF_SIMT_HERE) {
    rlhf_simt::check_global<sizeof(T), sizeof(T)>(address, rlhf_simt::Access::kWrite, RLHF_SIMT_SITE);
    *address = value;
}

template <class T, int N>
RLHF_SIMT_INLINE Pack<T, N> load_pack(const T* address, RLHF_SIMT_HERE) {
    return rlhf_simt::read_pack<T, N>(address, rlhf_simt::Access::kRead, RLHF_SIMT_SITE);
}

template <class T, int N>
RLHF_SIMT_INLINE Pack<T, N> load_pack_last(const T* address, RLHF_SIMT_HERE) {
    return rlhf_simt::read_pack<T, N>(address, rlhf_simt::Access::kReadLast, RLHF_SIMT_SITE);
}

template <class T, int N>
RLHF_SIMT_INLINE void store_pack(T* address, const Pack<T, N>& value, RLHF_SIMT_HERE) {
    rlhf_simt::write_pack<T, N>(address, value, rlhf_simt::Access::kWrite, RLHF_SIMT_SITE);
}

template <class T, int N>
RLHF_SIMT_INLINE void store_pack_streaming(T* address, const Pack<T, N>& value, RLHF_SIMT_HERE) {
    rlhf_simt::write_pack<T, N>(address, value, rlhf_simt::Access::kWriteStreaming, RLHF_SIMT_SITE);
}

template <class T, int N>
RLHF_SIMT_INLINE Pack<T, N> load_shared_pack(Shared<T> address, RLHF_SIMT_HERE) {
    Pack<T, N> pack;
    memcpy(&pack, rlhf_simt_shared(address.begin(), address.end(), address.place(), sizeof(pack), sizeof(T), false, RLHF_SIMT_SITE),
           sizeof(pack));
    return pack;
}

template <class T, int N>
RLHF_SIMT_INLINE void store_shared_pack(Shared<T> address, const Pack<T, N>& value, RLHF_SIMT_HERE) {
    memcpy(rlhf_simt_shared(address.begin(), address.end(), address.place(), sizeof(value), sizeof(T), true, RLHF_SIMT_SITE), &value,
           sizeof(value));
}

template <class T>
RLHF_SIMT_INLINE unsigned long long address_of(const T* address) {
    return reinterpret_cast<unsigned long long>(address);
}

// ---- Between blocks ----------------------------------------------------------------------------------------------------

RLHF_SIMT_INLINE bool arrive_last(unsigned* counter, unsigned blocks, RLHF_SIMT_HERE) {
    return rlhf_simt_arrive_last(counter, blocks, RLHF_SIMT_SITE);
}

RLHF_SIMT_INLINE void report_error(unsigned long long* word, unsigned long long code, RLHF_SIMT_HERE) {
    rlhf_simt_atomic_min(word, code, RLHF_SIMT_SITE);
}
