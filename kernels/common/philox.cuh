// Philox4x32-10 (Salmon et al. 2011): a pure function of key and counter, bit for bit the host's Rlhf.Kernels.Memory.Philox.
#pragma once

struct PhiloxBits {
  unsigned x0, x1, x2, x3;
};

RLHF_DEVICE PhiloxBits philox(unsigned long long key, unsigned long long counter_low, unsigned long long counter_high) {
  unsigned k0 = static_cast<unsigned>(key), k1 = static_cast<unsigned>(key >> 32);
  unsigned c0 = static_cast<unsigned>(counter_low), c1 = static_cast<unsigned>(counter_low >> 32);
  unsigned c2 = static_cast<unsigned>(counter_high), c3 = static_cast<unsigned>(counter_high >> 32);
#pragma unroll
  for (int round = 0; round < 10; round++) {
    unsigned long long product0 = 0xD2511F53ull * c0, product1 = 0xCD9E8D57ull * c2;
    c0 = static_cast<unsigned>(product1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<unsigned>(product0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<unsigned>(product1);
    c3 = static_cast<unsigned>(product0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return PhiloxBits{c0, c1, c2, c3};
}

// Uniform in [0, 1) with 53 random bits.
RLHF_DEVICE double philox_uniform(unsigned long long key, unsigned long long counter_low, unsigned long long counter_high) {
  PhiloxBits bits = philox(key, counter_low, counter_high);
  return static_cast<double>(((static_cast<unsigned long long>(bits.x0) << 32) | bits.x1) >> 11) * (1.0 / 9007199254740992.0);
}
