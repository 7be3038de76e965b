using Rlhf.Kernels;

namespace Rlhf.Benchmarks.Harness;

/// <summary>Measures one kernel: validates it, then alternates it with plain memory traffic and with its peers.</summary>
internal sealed class KernelBenchmark(CpuKernels kernels, int rounds)
{
    /// <summary>One row of the report.</summary>
    /// <param name="small">A problem that compiles and checks every path.</param>
    /// <param name="full">The problem that is timed.</param>
    public BenchmarkRow Measure(Func<KernelCase> small, Func<KernelCase> full)
    {
        using (KernelCase warmUp = small())
        {
            warmUp.Validate(kernels);
        }

        using KernelCase subject = full();
        long? extra = PeakMemory.Growth(() => subject.Run(kernels));
        subject.Validate(kernels);

        int threads = kernels.Threads;
        using var memory = new PlainMemory(subject.BytesRead, subject.BytesWritten, threads);
        using PeerProcess? tuned = PeerProcess.Start(subject.Name, subject.Shape, threads, tuned: true);
        using PeerProcess? untuned = PeerProcess.Start(subject.Name, subject.Shape, threads, tuned: false);
        var ours = Contestant.Of(subject.Name, () => subject.Run(kernels));
        Contestant? tunedPeer = tuned is null ? null : new Contestant("tuned", tuned.Run);
        Contestant? untunedPeer = untuned is null ? null : new Contestant("as installed", untuned.Run);
        Contestant[] plain = [.. memory.Contestants], companions = [.. subject.Companions(threads)];
        Contestant.Compete([ours, .. companions, .. Present(tunedPeer), .. Present(untunedPeer), .. plain], rounds);

        Contestant? gemms = companions.MinBy(form => form.Median);
        return new BenchmarkRow
        {
            Name = subject.Name,
            Shape = subject.Shape,
            Threads = threads,
            Seconds = ours.Median,
            Bytes = subject.BytesRead + subject.BytesWritten,
            ReadBandwidthRatio = plain.Min(way => way.Median) / ours.Median,
            Peer = subject.Peer,
            PeerSeconds = tunedPeer?.Median,
            PeerUntunedSeconds = untunedPeer?.Median,
            PeakExtraBytes = extra,
            GemmSeconds = gemms?.Median,
            GemmForm = gemms?.Name,
        };
    }

    private static IEnumerable<Contestant> Present(Contestant? contestant) => contestant is null ? [] : [contestant];
}
