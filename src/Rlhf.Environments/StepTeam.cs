using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Rlhf.Environments;

/// <summary>
/// Threads that take items one at a time, the caller among them: environments differ in what a step costs, so none is promised to a thread.
/// A run ends when its items are done, not when every thread came by: one that sleeps, or that the system holds up, costs nothing.
/// A waiting thread spins for at most 50 µs and then sleeps. Nothing is allocated a run.
/// </summary>
internal sealed class StepTeam : IDisposable
{
    private const int RunShift = 32;
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000;
    private readonly Thread[] _threads;
    private readonly AutoResetEvent[] _wake;
    private readonly int[] _asleep;

    // The run's number above, the items that nobody took yet below: whoever comes late finds another run's number and takes nothing.
    private ulong _open;
    private int _done;
    private Action<int>? _work;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _stopping;

    public StepTeam(int threads)
    {
        _threads = new Thread[threads - 1];
        _wake = new AutoResetEvent[threads - 1];
        _asleep = new int[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i;
            _wake[i] = new AutoResetEvent(false);
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"rlhf-environments-{i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Calls <paramref name="work"/> once for each of 0 … <paramref name="items"/> − 1, on any thread in any order; throws the first exception of any.</summary>
    public void Run(int items, Action<int> work)
    {
        _work = work;
        _failure = null;
        _done = 0;
        uint run = Publish(items);
        TakeItems(run);
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _done) != items)
            spinner.SpinOnce(sleep1Threshold: -1);
        _failure?.Throw();
    }

    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        Publish(0);
        for (int i = 0; i < _threads.Length; i++)
        {
            _wake[i].Set();
            _threads[i].Join();
            _wake[i].Dispose();
        }
    }

    private static uint RunOf(ulong open) => (uint)(open >> RunShift);

    private uint Publish(int items)
    {
        uint run = RunOf(_open) + 1;
        // The full fence keeps this apart from the look at who sleeps.
        Interlocked.Exchange(ref _open, ((ulong)run << RunShift) | (uint)items);
        for (int i = 0; i < _threads.Length; i++)
        {
            if (Volatile.Read(ref _asleep[i]) != 0)
                _wake[i].Set();
        }

        return run;
    }

    private void TakeItems(uint run)
    {
        for (ulong open = Volatile.Read(ref _open); RunOf(open) == run && (uint)open != 0; open = Volatile.Read(ref _open))
        {
            if (Interlocked.CompareExchange(ref _open, open - 1, open) != open)
                continue;
            // The run cannot end before this item is done, so its work is the one that stands here.
            try
            {
                _work!((int)(uint)open - 1);
            }
            catch (Exception e)
            {
                // The other items are done all the same; the caller throws.
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            }

            Interlocked.Increment(ref _done);
        }
    }

    private void Work(int worker)
    {
        uint seen = 0;
        while (!_stopping)
        {
            seen = AwaitNext(worker, seen);
            TakeItems(seen);
        }
    }

    private uint AwaitNext(int worker, uint seen)
    {
        long deadline = Stopwatch.GetTimestamp() + SpinTicks;
        while (true)
        {
            uint run = RunOf(Volatile.Read(ref _open));
            if (run != seen)
                return run;
            if (Stopwatch.GetTimestamp() < deadline)
            {
                Thread.SpinWait(8);
                continue;
            }

            // Announce first, look again, then sleep: whoever published in between sees the flag, or was seen by the second look.
            Interlocked.Exchange(ref _asleep[worker], 1);
            if (RunOf(Volatile.Read(ref _open)) == seen)
                _wake[worker].WaitOne();
            Volatile.Write(ref _asleep[worker], 0);
            deadline = Stopwatch.GetTimestamp() + SpinTicks;
        }
    }
}
