using System.Globalization;

namespace Rlhf.Benchmarks.Harness;

/// <summary>Peak resident memory of this process, as the kernel counts it.</summary>
internal static class PeakMemory
{
    /// <summary>Bytes by which the peak during <paramref name="action"/> exceeded what was resident before; null where this cannot be measured.</summary>
    public static long? Growth(Action action)
    {
        bool measured = TryReset();
        long before = measured ? Read("VmRSS:") : 0;
        action();
        return measured ? Math.Max(0, Read("VmHWM:") - before) : null;
    }

    private static bool TryReset()
    {
        try
        {
            // proc(5): writing 5 sets the peak to the present size.
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long Read(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }
}
