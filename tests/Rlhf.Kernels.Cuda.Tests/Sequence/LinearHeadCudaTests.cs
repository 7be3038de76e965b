using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Cuda.Tests.Sequence;

/// <summary>The fused head in every storage type and on each of its ways, against the processor's f32.</summary>
public sealed class LinearHeadCudaTests
{
    private const string MmaEntry = "rlhf_linear_logprobs_mma_";

    [Test]
    public void Forward_EqualsTheProcessors_OnTensorCoresWhereRowsAreAligned(
        [Values("f32", "bf16", "f16")] string dtype, [Values(8, 13, 40)] int hiddenSize, [Values(1, 507, 1100)] int vocab, [Values(0f, 2f)] float softCap)
    {
        HeadData head = new(131, hiddenSize, vocab, Masked: true, Biased: true, softCap);
        using StagedKernels cuda = StagedKernels.Open(0, Emulator.Driver);
        using CpuKernels cpu = new(threads: 1);
        long before = MmaLaunches();
        var (logprobs, entropy) = head.Forward(cuda, dtype);
        bool tensorCores = dtype != "f32" && hiddenSize % 8 == 0;
        var (expected, expectedEntropy) = head.Forward(cpu, x => x);
        Assert.Multiple(() =>
        {
            Assert.That(MmaLaunches() > before, Is.EqualTo(tensorCores));
            Assert.That(logprobs, Is.EqualTo(expected).Within(1e-5f));
            Assert.That(entropy, Is.EqualTo(expectedEntropy).Within(1e-5f));
        });
    }

    [Test]
    public void Forward_OfARow_HasTheSameBits_WhateverRowsStandBesideIt()
    {
        HeadData head = new(140, 32, 2100);
        HeadData few = head with { N = 3, Hidden = head.Hidden[..(3 * 32)], ChunkRows = 1 };
        using StagedKernels cuda = StagedKernels.Open(0, Emulator.Driver);
        Assert.That(few.Forward(cuda, x => (BFloat16)x).Logprobs, Is.EqualTo(head.Forward(cuda, x => (BFloat16)x).Logprobs[..3]));
    }

    [Test]
    public void Ppo_EqualsTheProcessors([Values("f32", "bf16", "f16")] string dtype, [Values] bool cuBlas, [Values] bool accumulate)
    {
        HeadData head = new(101, 24, 211, Masked: true, Biased: true);
        using StagedKernels cuda = StagedKernels.Open(0, Emulator.Driver);
        using CpuKernels cpu = new(threads: 1);
        cuda.UseCuBlas = cuBlas;
        HeadResult actual = head.Ppo(cuda, dtype, accumulate), expected = head.Ppo(cpu, x => x, accumulate);

        // Gradients of the logits are rounded to the storage type before the products.
        float rounding = dtype switch { "bf16" => 1f / 256, "f16" => 1f / 2048, _ => 2e-6f };
        Assert.Multiple(() =>
        {
            Assert.That(actual.Logprobs, Is.EqualTo(expected.Logprobs).Within(1e-5f));
            Assert.That(actual.Stats, Is.EqualTo(expected.Stats).Within(1e-4f));
            Assert.That(actual.Hidden, Is.EqualTo(expected.Hidden).Within(rounding * Largest(expected.Hidden)));
            Assert.That(actual.Weight, Is.EqualTo(expected.Weight).Within(rounding * Largest(expected.Weight)));
            Assert.That(actual.Bias, Is.EqualTo(expected.Bias).Within(rounding * Largest(expected.Bias)));
        });
    }

    [Test]
    public void Ppo_LeavesOutWhatMaskedRowsHold([Values("f32", "bf16")] string dtype, [Values] bool cuBlas)
    {
        HeadData head = new(37, 16, 130, Masked: true, ChunkRows: 16);
        using StagedKernels cuda = StagedKernels.Open(0, Emulator.Driver);
        cuda.UseCuBlas = cuBlas;
        HeadResult clean = head.Ppo(cuda, dtype), poisoned = (head with { MaskedValue = float.NaN }).Ppo(cuda, dtype);
        Assert.Multiple(() =>
        {
            Assert.That(poisoned.Logprobs, Is.EqualTo(clean.Logprobs));
            Assert.That(poisoned.Stats, Is.EqualTo(clean.Stats));
            Assert.That(poisoned.Hidden, Is.EqualTo(clean.Hidden));
            Assert.That(poisoned.Weight, Is.EqualTo(clean.Weight));
        });
    }

    [Test]
    public void Ppo_DoesNotDependOnChunks_BeyondTheOrderOfTheWeightsSums()
    {
        HeadData head = new(150, 24, 211, Masked: true, Biased: true);
        using StagedKernels cuda = StagedKernels.Open(0, Emulator.Driver);
        cuda.UseCuBlas = false;
        HeadResult one = head.Ppo(cuda, x => x) with { }, many = (head with { ChunkRows = 16 }).Ppo(cuda, x => x);
        Assert.Multiple(() =>
        {
            Assert.That(many.Logprobs, Is.EqualTo(one.Logprobs));
            Assert.That(many.Stats, Is.EqualTo(one.Stats));
            Assert.That(many.Hidden, Is.EqualTo(one.Hidden));
            Assert.That(many.Weight, Is.EqualTo(one.Weight).Within(1e-6f));
            Assert.That(many.Bias, Is.EqualTo(one.Bias).Within(1e-6f));
        });
    }

    [Test]
    public void Ppo_OfNoRows_ClearsWeightAndBias()
    {
        HeadData head = new(0, 8, 33);
        using StagedKernels cuda = StagedKernels.Open(0, Emulator.Driver);
        HeadResult result = head.Ppo(cuda, x => x);
        Assert.That((float[])[.. result.Weight, .. result.Bias, .. result.Stats], Is.All.Zero);
    }

    private static long MmaLaunches() => Emulator.Launches(MmaEntry + "bf16") + Emulator.Launches(MmaEntry + "f16");

    private static float Largest(float[] values) => values.Max(MathF.Abs);
}
