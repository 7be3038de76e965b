using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Rlhf.Environments;

/// <summary>
/// Threads that take items one at a time, the caller among them: environments differ in what a step costs, so none is promised to a thread.
/// A waiting thread spins for at most 50 µs and then sleeps. Nothing is allocated a call.
/// </summary>
internal sealed class StepTeam : IDisposable
{
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000;
    private readonly Thread[] _threads;
    private readonly AutoResetEvent[] _wake;
    private readonly int[] _asleep;
    private int _generation, _pending, _next, _items;
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
        _items = items;
        _next = 0;
        _failure = null;
        _pending = _threads.Length;
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _threads.Length; i++)
        {
            if (Volatile.Read(ref _asleep[i]) != 0)
                _wake[i].Set();
        }

        TakeItems();
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _pending) != 0)
            spinner.SpinOnce(sleep1Threshold: -1);
        _failure?.Throw();
    }

    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _threads.Length; i++)
        {
            _wake[i].Set();
            _threads[i].Join();
            _wake[i].Dispose();
        }
    }

    private void TakeItems()
    {
        try
        {
            for (int item; (item = Interlocked.Increment(ref _next) - 1) < _items;)
                _work!(item);
        }
        catch (Exception e)
        {
            // The other threads end their items; the caller throws.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
        }
    }

    private void Work(int worker)
    {
        int seen = 0;
        while (true)
        {
            seen = AwaitNext(worker, seen);
            if (_stopping)
                return;
            TakeItems();
            Interlocked.Decrement(ref _pending);
        }
    }

    private int AwaitNext(int worker, int seen)
    {
        long deadline = Stopwatch.GetTimestamp() + SpinTicks;
        while (true)
        {
            int generation = Volatile.Read(ref _generation);
            if (generation != seen)
                return generation;
            if (Stopwatch.GetTimestamp() < deadline)
            {
                Thread.SpinWait(8);
                continue;
            }

            // Announce first, look again, then sleep: whoever published in between sees the flag, or was seen by the second look.
            Interlocked.Exchange(ref _asleep[worker], 1);
            if (Volatile.Read(ref _generation) == seen)
                _wake[worker].WaitOne();
            Volatile.Write(ref _asleep[worker], 0);
            deadline = Stopwatch.GetTimestamp() + SpinTicks;
        }
    }
}
