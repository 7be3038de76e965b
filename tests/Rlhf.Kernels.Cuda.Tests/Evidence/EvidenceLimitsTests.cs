using System.Text.Json;
using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Kernels.Cuda.Tests.Evidence;

public sealed class EvidenceLimitsTests
{
    private static readonly EvidenceRow Good = new()
    {
        Name = "rlhf_gae_rows_f32", Module = "sequence/gae", Dtype = "f32", Arch = 80, Registers = 40, Spills = 0, StackBytes = 0, SharedBytes = 0,
        WidestLoadBytes = 16, LocalAccesses = 0, FloatAtomics = 0, BytesMoved = 1000, BytesMinimum = 1000, BytesOverMinimum = 1,
    };

    [Test]
    public void Judge_WithinLimits_BreaksNothing()
    {
        EvidenceRow judged = EvidenceLimits.Judge(Good);
        Assert.Multiple(() =>
        {
            Assert.That(judged.Limit, Is.EqualTo(1.1));
            Assert.That(judged.Broken, Is.Empty);
        });
    }

    public static IEnumerable<TestCaseData> Bad =>
    [
        new(Good with { Spills = 8 }, "spills 8 bytes, expected 0"),
        new(Good with { StackBytes = 16 }, "stack frame 16 bytes, expected 0"),
        new(Good with { LocalAccesses = 2 }, "2 accesses of local memory, expected 0"),
        new(Good with { FloatAtomics = 1 }, "1 atomic operations on floating-point numbers, expected 0"),
        new(Good with { WidestLoadBytes = 4, Name = "rlhf_gae_rows_f32" }, "widest load 4 bytes, expected 16"),
        new(Good with { BytesOverMinimum = 1.2 }, "moves 1.200 of the least bytes, expected at most 1.1"),
        new(Good with { OtherShapes = [new ShapeTraffic("gae", "1x1", 5, 4, 1.25)] }, "moves 1.250 of the least bytes, expected at most 1.1"),
    ];

    [TestCaseSource(nameof(Bad))]
    public void Judge_OutsideOfALimit_NamesIt(EvidenceRow row, string expected)
    {
        EvidenceRow judged = EvidenceLimits.Judge(row);
        Assert.Multiple(() =>
        {
            Assert.That(judged.Broken, Is.EqualTo(new[] { expected }));
            Assert.That(judged.Explained, Is.False);
        });
    }

    [TestCase(0, true)]
    [TestCase(8, false, Description = "the reason for narrow loads is none for spills")]
    public void Judge_WithAReasonForThatLimit_IsExplained(int spills, bool expected)
    {
        EvidenceRow judged = EvidenceLimits.Judge(Good with { Name = "rlhf_gae_columns_f32", WidestLoadBytes = 4, Spills = spills });
        Assert.That(judged.Explained, Is.EqualTo(expected));
        Assert.That(judged.Note, Does.Contain("a column a thread"));
    }

    [TestCase("rlhf_token_logprobs_forward_warp_bf16", 1.05)]
    [TestCase("rlhf_ppo_from_logits_cluster_f16", 1.05)]
    [TestCase("rlhf_gae_columns_f32", 1.1)]
    [TestCase("rlhf_adamw_f32", 1.02)]
    [TestCase("rlhf_pairwise_loss_f32", null)]
    public void Ratio_IsThatOfTheKernel(string entry, double? expected) => Assert.That(EvidenceLimits.Ratio(entry), Is.EqualTo(expected));

    [Test]
    public void Json_HasTheNamesThatReadersKnow()
    {
        using JsonDocument document = JsonDocument.Parse(KernelReport.ToJson([Good]));
        string[] names = [.. document.RootElement[0].EnumerateObject().Select(property => property.Name)];
        Assert.That(names, Is.SupersetOf(new[]
        {
            "name", "dtype", "arch", "registers", "spills", "shared_bytes", "occupancy", "widest_load_bytes", "bytes_moved", "bytes_minimum",
            "bytes_over_minimum", "sectors_per_request", "bank_conflicts", "predicted_us",
        }));
    }

    [TestCase(70, 0.9e12 * 1e-6, 3.5, Description = "bytes of one microsecond")]
    [TestCase(80, 2.04e12 * 10e-6, 12.5)]
    [TestCase(90, 3.35e12 * 100e-6, 102.5)]
    public void Prediction_IsBandwidthAndLaunch(int architecture, double bytes, double expected) =>
        Assert.That(GpuPeaks.Of(architecture)!.Microseconds(bytes, 0, 0), Is.EqualTo(expected).Within(1e-9));

    [Test]
    public void Prediction_OfManyFlops_IsTheirs() =>
        Assert.That(GpuPeaks.Of(80)!.Microseconds(1, 0, 312e12 * 50e-6), Is.EqualTo(52.5).Within(1e-9));
}
