using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.X86;

namespace Rlhf.Benchmarks.Harness;

/// <summary>
/// A PyTorch process that times its own eager sequence when asked (<c>peers/worker.py</c>). It stays alive, so that its rounds
/// alternate with ours.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    private PeerProcess(Process process) => _process = process;

    /// <summary>Why the peers are missing on this machine; null when they are there.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>A worker for one function of <c>peers/eager.py</c>, ready to be timed; null when there is no PyTorch.</summary>
    /// <param name="function">Name of the function.</param>
    /// <param name="sizes">Its arguments.</param>
    /// <param name="threads">Threads it may use.</param>
    /// <param name="tuned">With the cures for its known slownesses, or as installed.</param>
    public static PeerProcess? Start(string function, int[] sizes, int threads, bool tuned)
    {
        if (Missing is not null)
        {
            return null;
        }

        var start = new ProcessStartInfo(Python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "peers", "worker.py"), function },
        };
        foreach (int size in sizes)
        {
            start.ArgumentList.Add(size.ToString(CultureInfo.InvariantCulture));
        }

        start.ArgumentList.Add("--threads");
        start.ArgumentList.Add(threads.ToString(CultureInfo.InvariantCulture));
        SetEnvironment(start, tuned);
        var peer = new PeerProcess(Process.Start(start)!);
        string? answer = peer._process.StandardOutput.ReadLine();
        return answer?.StartsWith("ready", StringComparison.Ordinal) == true
            ? peer
            : throw new InvalidDataException($"peers/worker.py {function}: expected 'ready', got '{answer}'");
    }

    /// <summary>Seconds that <paramref name="count"/> runs took there.</summary>
    public double Run(int count)
    {
        _process.StandardInput.WriteLine(count.ToString(CultureInfo.InvariantCulture));
        _process.StandardInput.Flush();
        string? answer = _process.StandardOutput.ReadLine();
        return double.TryParse(answer, CultureInfo.InvariantCulture, out double seconds)
            ? seconds
            : throw new InvalidDataException($"peers/worker.py ended early: '{answer}'");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    // Debian's python3-torch belongs to this interpreter; "python3" may be another one.
    private static string Python => File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    private static string? FindMissing()
    {
        const string Hint = "install Debian's python3-torch";
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(Python, ["-c", "import torch"]) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{error.TrimEnd().Split('\n')[^1]}; {Hint}";
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return $"{Python}: {exception.Message}; {Hint}";
        }
    }

    private static void SetEnvironment(ProcessStartInfo start, bool tuned)
    {
        foreach (string name in new[] { "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_" })
        {
            start.Environment.Remove(name);
        }

        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        if (!tuned)
        {
            return;
        }

        start.ArgumentList.Add("--tuned");
        // Freed tensors stay mapped: without this each large temporary is mapped and zeroed anew.
        start.Environment["MALLOC_MMAP_MAX_"] = "0";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "100000000000";
        if (Avx512F.IsSupported)
        {
            start.Environment["OPENBLAS_CORETYPE"] = "SkylakeX";
            start.Environment["ATEN_CPU_CAPABILITY"] = "avx512";
        }
    }
}
