using Rlhf.Kernels.Cuda.Evidence;
using Rlhf.Kernels.Cuda.Modules;

namespace Rlhf.Kernels.Cuda.Tests.Evidence;

public sealed class WorkloadTests
{
    public static IEnumerable<TestCaseData> SmallCalls =>
        from kind in Workloads.All
        from dtype in kind.Dtypes
        select new TestCaseData(kind.Name, dtype);

    [TestCase(70, 3)]
    [TestCase(80, 2, Description = "108 rows of 201 kB are 21.7 MB of 40")]
    [TestCase(86, 3, Description = "84 rows do not fit 6 MB")]
    [TestCase(90, 2)]
    public void PpoFromLogits_ReadsRowsOnceOnlyWhereTheyStayOnTheChip(int architecture, int passes)
    {
        DeviceTraits device = architecture switch
        {
            70 => new(70, 80, 6 << 20),
            80 => new(80, 108, 40 << 20),
            86 => new(86, 84, 6 << 20),
            _ => new(90, 132, 50 << 20),
        };
        Workload workload = Workloads.Find("ppo_from_logits").Create([10, 50257], "f32");
        Assert.That(workload.MinimumBytes(device), Is.EqualTo((10L * ((passes * 50257L * 4) + 21)) + (4 * Rlhf.Kernels.Policy.PpoClipStats.Length)));
    }

    [TestCase("gae", new[] { 64, 4096 }, (17L * 64 * 4096) + (4 * 64))]
    [TestCase("adamw", new[] { 1000 }, 28_000)]
    [TestCase("adamw_ema", new[] { 1000 }, 36_000)]
    [TestCase("global_norm", new[] { 1000 }, 4_008)]
    public void LeastBytes_AreThoseOfTheContract(string name, int[] shape, long expected) =>
        Assert.That(Workloads.Find(name).Create(shape, "f32").MinimumBytes(new DeviceTraits(80, 108, 40 << 20)), Is.EqualTo(expected));

    [Test]
    public void Create_WithAShapeOfAnotherKind_SaysWhatIsExpected() =>
        Assert.That(
            () => Workloads.Find("gae").Create([3], "f32"),
            Throws.ArgumentException.With.Message.EqualTo("gae: shape 3, expected 2 positive numbers B,T, e.g. 4096x1024"));

    [Test]
    public void Create_WithATypeThatTheKernelDoesNotStore_ListsThoseItDoes() =>
        Assert.That(
            () => Workloads.Find("gae").Create([3, 4], "bf16"),
            Throws.ArgumentException.With.Message.EqualTo("gae: dtype bf16, expected f32"));

    [TestCaseSource(nameof(SmallCalls))]
    public void Device_AndProcessor_AgreeOnEveryWorkload(string name, string dtype)
    {
        using DeviceBench bench = new(Emulator.Driver);
        WorkloadKind kind = Workloads.Find(name);
        KernelComparison comparison = bench.Compare(kind, kind.Check[0], dtype);
        Assert.That(comparison.Holds, $"{comparison.Shape}: {comparison.Error} times the tolerance: {comparison.Worst}");
    }

    [Test]
    public void Time_LaunchesAPlan()
    {
        using DeviceBench bench = new(Emulator.Driver);
        long before = Emulator.Launches("rlhf_gae_rows_f32");
        KernelTiming timing = bench.Time("gae", [3, 40], null, 4);
        Assert.Multiple(() =>
        {
            Assert.That(timing.Launches, Is.EqualTo(1));
            Assert.That(timing.Bytes, Is.EqualTo((17 * 3 * 40) + (4 * 3)));
            Assert.That(Emulator.Launches("rlhf_gae_rows_f32") - before, Is.EqualTo(5), "one to warm up, four timed");
        });
    }

    [Test]
    public void Traffic_OfOneKernel_IsItsLeastBytes()
    {
        List<TrafficRow> rows = TrafficMeter.Measure(Emulator.Driver, "kl_estimate", _ => { });
        TrafficRow row = rows.Single();
        Assert.Multiple(() =>
        {
            Assert.That(row.Entry, Is.EqualTo("rlhf_kl_estimate_f32"));
            Assert.That(row.Alone);
            Assert.That(row.DramBytes / row.MinimumBytes, Is.EqualTo(1).Within(0.01));
            Assert.That(row.RawBytes, Is.GreaterThanOrEqualTo(row.CompulsoryBytes));
            Assert.That(row.WidestRead, Is.EqualTo(16));
        });
    }

    [Test]
    public void Images_ThatWereBuilt_AreWhatTheDeviceLoads()
    {
        if (KernelCompiler.UnavailableReason is { } reason)
        {
            Assert.Ignore(reason);
        }

        const string Variable = "RLHF_CUDA_IMAGES";
        string folder = Directory.CreateTempSubdirectory("rlhf-built").FullName;
        string? before = Environment.GetEnvironmentVariable(Variable);
        try
        {
            using Session session = new();
            int architecture = session.Device.Architecture;
            CompiledModule image = KernelImages.Write(folder, "policy/ppo_clip_loss", architecture);
            Assert.That(
                Directory.GetFiles(folder).Select(Path.GetFileName),
                Is.EquivalentTo(new[] { $"policy.ppo_clip_loss.sm_{architecture}.cubin", $"policy.ppo_clip_loss.compute_{architecture}.ptx" }));
            Environment.SetEnvironmentVariable(Variable, folder);
            session.Kernels.PpoClipLoss(session.PpoClipLoss(out _, out _));
            session.Kernels.Synchronize();
            CudaFunction function = session.Kernels.Launcher.Function("policy/ppo_clip_loss", "rlhf_ppo_clip_loss_f32");
            Assert.That(function.Registers, Is.EqualTo(image.Entries.Single().Registers), "the emulator reads them from the image");
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, before);
            Directory.Delete(folder, recursive: true);
        }
    }
}
