using System.Diagnostics;

namespace Rlhf.Kernels.Simd;

/// <summary>
/// A fixed team of threads for the row kernels. A call hands out contiguous ranges of items through one atomic counter;
/// the caller works too. A waiting worker spins for at most 50 µs and then parks, so an idle team costs nothing.
/// Nothing is allocated after the team is built. One call runs at a time: a caller that finds the team busy does its
/// work alone, which is never slower than waiting and gives the same bits.
/// </summary>
public sealed unsafe class WorkerTeam : IDisposable
{
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000;

    private readonly Thread[] _threads;
    private readonly AutoResetEvent[] _wake;
    private readonly int[] _parked;
    private readonly Action? _onThreadStart;
    private int _busy;
    private int _generation;
    private int _pending;
    private volatile bool _stopping;

    // The current job. Written by the caller before the generation is published.
    private delegate*<void*, int, int, void> _job;
    private void* _state;
    private int _items, _grain, _next;

    /// <summary>A team of <paramref name="threads"/>, the calling thread included.</summary>
    /// <param name="threads">At least 1; 1 means no thread is created.</param>
    /// <param name="onThreadStart">Runs once on each created thread: for floating-point modes or naming.</param>
    public WorkerTeam(int threads, Action? onThreadStart = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _onThreadStart = onThreadStart;
        _threads = new Thread[threads - 1];
        _wake = new AutoResetEvent[threads - 1];
        _parked = new int[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i;
            _wake[i] = new AutoResetEvent(false);
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"rlhf-worker-{i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that take part in a call, the caller included.</summary>
    public int Threads => _threads.Length + 1;

    /// <summary>Ends the threads. No call may be running.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _threads.Length; i++)
        {
            _wake[i].Set();
            _threads[i].Join();
            _wake[i].Dispose();
        }
    }

    /// <summary>
    /// Calls <paramref name="job"/>(state, begin, end) over disjoint ranges that cover 0 … <paramref name="items"/>, each of
    /// <paramref name="grain"/> items (the last may be shorter). Ranges always begin at multiples of the grain.
    /// </summary>
    internal void Run(int items, int grain, delegate*<void*, int, int, void> job, void* state)
    {
        if (items <= grain || _threads.Length == 0 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (int begin = 0; begin < items; begin += grain)
            {
                job(state, begin, Math.Min(begin + grain, items));
            }

            return;
        }

        ObjectDisposedException.ThrowIf(_stopping, this);
        _job = job;
        _state = state;
        _items = items;
        _grain = grain;
        _next = 0;
        _pending = _threads.Length;
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _threads.Length; i++)
        {
            if (Volatile.Read(ref _parked[i]) != 0)
            {
                _wake[i].Set();
            }
        }

        TakeRanges();
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _pending) != 0)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }

        Volatile.Write(ref _busy, 0);
    }

    private void TakeRanges()
    {
        while (true)
        {
            int begin = Interlocked.Add(ref _next, _grain) - _grain;
            if (begin >= _items || begin < 0)
            {
                return;
            }

            _job(_state, begin, Math.Min(begin + _grain, _items));
        }
    }

    private void Work(int worker)
    {
        _onThreadStart?.Invoke();
        int seen = 0;
        while (true)
        {
            seen = AwaitNext(worker, seen);
            if (_stopping)
            {
                return;
            }

            TakeRanges();
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
            {
                return generation;
            }

            if (Stopwatch.GetTimestamp() < deadline)
            {
                Thread.SpinWait(8);
                continue;
            }

            // Announce first, look again, then sleep: a caller that published in between either sees the flag and
            // sets the event, or published before the second look. The full fence keeps the two apart.
            Interlocked.Exchange(ref _parked[worker], 1);
            if (Volatile.Read(ref _generation) == seen)
            {
                _wake[worker].WaitOne();
            }

            Volatile.Write(ref _parked[worker], 0);
            deadline = Stopwatch.GetTimestamp() + SpinTicks;
        }
    }
}
