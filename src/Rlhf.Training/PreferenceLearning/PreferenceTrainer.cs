using System.Runtime.ExceptionServices;
using Rlhf.Environments;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Preferences;
using Rlhf.Training.Checkpointing;
using Rlhf.Training.Control;
using Rlhf.Training.Metrics;

namespace Rlhf.Training.PreferenceLearning;

/// <summary>
/// Learning from human preferences (Christiano et al. 2017): the policy acts and improves on r̂, preferences are gathered about clips of what it
/// does, r̂ is fitted to them; all three at once. None runs away from the others: see <see cref="PreferenceOptions.MaxOpenQueries"/>,
/// <see cref="PreferenceOptions.MaxLabelLag"/> and <see cref="PreferenceOptions.MaxFitLag"/>.
/// </summary>
/// <remarks>
/// Labels live in the store and are on the disk before they count; policy, reward model and moments are in the run's newest checkpoint. A run
/// that was killed goes on from there with every label there is.
/// </remarks>
public sealed class PreferenceTrainer : IDisposable
{
    private const ulong InitialStream = 0x696E_6974;
    private const long RolloutBytes = 64 << 20;
    private readonly IKernels _kernels;
    private readonly PreferenceTask _task;
    private readonly PreferenceOptions _options;
    private readonly IPreferenceObserver? _observer;
    private readonly VectorEnvironment _environments;
    private readonly EnvironmentSpec _spec;
    private readonly SegmentBuffer _buffer;
    private readonly TrajectoryRecorder _recorder;
    private readonly InputMoments _moments;
    private readonly RewardExchange _exchange;
    private readonly RewardEnsemble _queryEnsemble;
    private readonly LearnedReward _reward;
    private readonly FittingActivity _fitting;
    private readonly LabelGatherer _gatherer;
    private readonly LabelSchedule _schedule;
    private readonly WaitReasons _waits = new();
    private readonly Lock _observing = new();
    private readonly int _clipLength;
    private long _steps;

    /// <summary>A run at its beginning; its labels, where there are some already, are read from the store.</summary>
    /// <param name="kernels">Backend.</param>
    /// <param name="store">Stays the caller's.</param>
    /// <param name="task">Who acts where, and who answers.</param>
    /// <param name="options">Settings.</param>
    /// <param name="observer">Watches.</param>
    /// <exception cref="ArgumentException">A setting does not go with the environment.</exception>
    public PreferenceTrainer(IKernels kernels, PreferenceStore store, PreferenceTask task, PreferenceOptions options, IPreferenceObserver? observer = null)
    {
        (_kernels, _task, _options, _observer) = (kernels, task, options, observer);
        _environments = task.CreateEnvironments(options.Seed);
        _spec = _environments.Spec;
        _clipLength = Checked(() => options.ClipLengthFor(_spec));
        int clips = Math.Max(options.LabelsAtStart, _environments.Count);
        InitialSteps = RoundUp(options.InitialSteps ?? Math.Max(5000, 2 * clips * _clipLength), _environments.Count);
        var input = new RewardInput(_spec);
        _buffer = new SegmentBuffer(_spec, _environments.Count, Math.Max(options.RecentSteps, InitialSteps), options.Seed);
        _recorder = new TrajectoryRecorder(_spec);
        _moments = new InputMoments(input);
        var ensemble = new RewardEnsemble(input, options.RewardModel, options.Seed);
        _exchange = new RewardExchange(ensemble);
        _queryEnsemble = ensemble.Clone();
        _fitting = new FittingActivity(ensemble, _exchange, _moments, kernels, options) { Collapsed = (member, all) => Tell(o => o.Collapsed(member, all)) };
        _reward = new LearnedReward(_exchange, ensemble.Clone(), _buffer, _recorder, _moments, (_fitting.Save, _fitting.Load)) { FirstStep = InitialSteps };
        Trainer = Checked(() => task.CreateTrainer(_environments, Math.Max(1, options.TotalSteps - InitialSteps), _reward, _recorder));
        long trained = Checked(StepsToTrain);
        Run = Checked(() => FindOrAdd(store, task, _spec));
        _gatherer = new LabelGatherer(store, Run.Id, _spec, _buffer, input, options, task.Oracle is null ? null : new SyntheticOracle(store, task.Oracle));

        // The last label is asked before the last update, be it the only one: after it nobody would learn from it.
        long update = (trained + Trainer.TotalUpdates - 1) / Trainer.TotalUpdates;
        LabelSchedule schedule = options.Schedule(_spec, Math.Max(1, trained - update));
        _schedule = Trainer.TotalUpdates > 1 ? schedule : schedule with { Initial = options.Labels };
        _waits.Changed = () => Tell(o => o.Changed(Status));
    }

    /// <summary>The run's record in the store.</summary>
    public PreferenceRun Run { get; }

    /// <summary>What trains the policy.</summary>
    public IControlTrainer Trainer { get; }

    /// <summary>Environment steps by the untrained policy, before the trainer's first.</summary>
    public int InitialSteps { get; }

    /// <summary>Where the run stands.</summary>
    public PreferenceStatus Status => new(
        _steps,
        _options.TotalSteps,
        _gatherer.Count,
        Plan,
        _options.Labels,
        _gatherer.Open,
        _fitting.Step,
        _fitting.Planned(TrainedSteps),
        _waits.Policy,
        _waits.Queries,
        _waits.Fitting);

    private long TrainedSteps => Math.Max(0, Volatile.Read(ref _steps) - InitialSteps);

    /// <summary>Labels wanted by now. T counts from the first update: the first labels come before it.</summary>
    private int Plan => _schedule.LabelsAt(TrainedSteps);

    /// <summary>Runs from where it stands to the last step.</summary>
    /// <param name="run">Where checkpoints go; none without it.</param>
    /// <param name="cancellation">Ends it after the current update.</param>
    /// <exception cref="ArgumentException">The untrained policy's episodes are shorter than a clip.</exception>
    public void Train(TrainingRun? run = null, CancellationToken cancellation = default)
    {
        Tell(o => o.Started(Run, _options, _steps));
        _gatherer.Poll();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failure = new FailureBox(stop);
        if (Trainer.Update == 0)
            RecordUntrained();
        Thread[] threads = _options.Synchronous
            ? []
            : [Start("queries", () => GatherLoop(stop.Token), failure), Start("reward model", () => FitLoop(stop.Token), failure)];
        try
        {
            long saved = _steps;
            while (Trainer.Update < Trainer.TotalUpdates)
            {
                AwaitTurn(stop.Token);
                Update();
                if (_options.SaveSteps > 0 && _steps - saved >= _options.SaveSteps && Trainer.Update < Trainer.TotalUpdates)
                {
                    run?.SaveCheckpoint(Trainer.Update, Trainer.WriteCheckpoint, [.. Trainer.Policy.Trained.Select(part => part.Buffers)]);
                    saved = _steps;
                }
            }
        }
        catch (OperationCanceledException) when (failure.Error is not null)
        {
            // One of the other activities failed: its error is what the caller has to see.
        }
        finally
        {
            stop.Cancel();
            foreach (Thread thread in threads)
                thread.Join();
        }

        failure.Error?.Throw();
        if (_gatherer.Count < _options.Labels && !LabelsCome)
            Tell(o => o.Warned($"{_gatherer.Count} of {_options.Labels} labels: a clip has {_clipLength} steps, and no episode of late more than {_buffer.Longest}"));
        Tell(o => o.Finished(Status));
    }

    /// <summary>Goes on where a checkpoint was written.</summary>
    /// <exception cref="DataFormatException">Not a checkpoint of such a run.</exception>
    public void Resume(string directory)
    {
        Trainer.Resume(directory);
        _steps = InitialSteps + Trainer.Steps;

        // The buffer is empty, and clips cut from now on have to differ from those of before.
        _buffer.Cuts = _steps << 8;
    }

    /// <summary>Writes the finished policy, and the reward model beside it.</summary>
    public void Finish(TrainingRun run)
    {
        _reward.WriteState(Path.Combine(run.Directory, "reward_model"));
        Trainer.Finish(run);
    }

    /// <summary>The newest reward model with the scale of the policy's last rewards; a copy, the caller's.</summary>
    public RewardEnsemble CopyRewardModel()
    {
        RewardEnsemble copy = _queryEnsemble.Clone();
        _exchange.Take(copy);
        copy.Scale = _reward.Scale;
        return copy;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Trainer.Dispose();
        _reward.Dispose();
        _fitting.Dispose();
        _queryEnsemble.Dispose();
        _exchange.Dispose();
        _moments.Dispose();
        _environments.Dispose();
        _waits.Dispose();
    }

    private static PreferenceRun FindOrAdd(PreferenceStore store, PreferenceTask task, EnvironmentSpec spec)
    {
        if (store.FindRun(task.Name) is { } known)
        {
            return known.Environment == spec.Id
                ? known
                : throw new DataFormatException($"{store.Path}: run '{task.Name}' is about {known.Environment}, expected {spec.Id}; take another name or file");
        }

        var run = new PreferenceRun
        {
            Name = task.Name,
            Environment = spec.Id,
            Kind = spec.IsPixels ? RunKind.Frames : RunKind.Figures,
            Instructions = spec.Instructions,
            Scene = spec.Scene,
            FramesPerSecond = spec.FramesPerSecond,
        };
        return run with { Id = store.AddRun(run) };
    }

    /// <summary>What is left for the trainer: without one whole update nothing would be learned from the labels.</summary>
    private long StepsToTrain()
    {
        long left = _options.TotalSteps - InitialSteps;
        return left >= Trainer.UpdateSteps
            ? left
            : throw new ArgumentException(
                $"--steps: {_options.TotalSteps}, of which the untrained policy makes {InitialSteps}; expected at least {InitialSteps + Trainer.UpdateSteps}, for one update from {Trainer.UpdateSteps}");
    }

    /// <summary>A constructor that refuses leaves no environments behind: they may be processes.</summary>
    private T Checked<T>(Func<T> value)
    {
        try
        {
            return value();
        }
        catch
        {
            _environments.Dispose();
            throw;
        }
    }

    private static int RoundUp(int steps, int multiple) => (steps + multiple - 1) / multiple * multiple;

    /// <summary>Clips for the first labels, by the policy with its first weights (appendix A), in environments of their own.</summary>
    private void RecordUntrained()
    {
        using VectorEnvironment environments = _task.CreateEnvironments(_options.Seed ^ InitialStream);
        using var collector = new RolloutCollector(environments, Trainer.Policy, _options.Seed ^ InitialStream, _recorder);
        int ends = 0;
        ShortRollouts.Collect(collector, environments, Trainer.Policy, InitialSteps / environments.Count, RolloutBytes, rollout =>
        {
            _buffer.Add(rollout, _recorder.States, _recorder.Poses, rollout.FirstStep * environments.Count);
            _moments.Observe(rollout);
            ends += Vectors.Span(rollout.Dones).Count((byte)1) - rollout.Truncated;
        });
        _buffer.Break();
        RequireClips(ends);
        Volatile.Write(ref _steps, InitialSteps);
    }

    /// <summary>Looks at what the untrained policy did: whether anything can be asked about it, and whether episodes tell more than they should.</summary>
    /// <param name="ends">Episodes that ended before their horizon.</param>
    private void RequireClips(int ends)
    {
        if (!HoldsPair)
        {
            int longest = _buffer.Longest;
            throw new ArgumentException(
                $"--clip_length: {_clipLength} steps, and the untrained policy's longest episode of {_spec.Id} has {longest}; "
                + $"expected --clip_length below {longest}, or episodes of fixed length (--form paper, where a task has it)");
        }

        // Who does not fall earns longer: such a reward is learned from lengths, of which no comparison speaks (imitation refuses such tasks).
        if (ends > 0)
            Tell(o => o.Warned($"{ends} episodes of the untrained policy ended before the horizon of {_spec.Horizon} steps: the length of an episode gives the reward away (--form paper, where a task has it, fixes lengths)"));
    }

    private void Update()
    {
        Dictionary<string, double> metrics = new(Trainer.Iterate());
        Volatile.Write(ref _steps, InitialSteps + Trainer.Steps);
        _waits.Signal();
        if (metrics.Count == 0)
            return;
        PreferenceStatus status = Status;
        metrics[MetricNames.ControlTimesteps] = status.Steps;
        metrics[MetricNames.LabelCount] = status.Labels;
        metrics[MetricNames.LabelPlan] = status.PlannedLabels;
        metrics[MetricNames.OpenQueries] = status.OpenQueries;
        metrics[MetricNames.RewardFitSteps] = status.FitSteps;
        metrics[MetricNames.RewardDisagreement] = _gatherer.Disagreement;
        metrics[MetricNames.RewardL2] = _fitting.Regularization;
        metrics[MetricNames.RewardCollapses] = _fitting.Collapses;
        if (_fitting.Report is { } report)
        {
            metrics[MetricNames.RewardLoss] = report.TrainLoss;
            metrics[MetricNames.RewardValidationLoss] = report.ValidationLoss;
            metrics[MetricNames.RewardLossRatio] = report.Ratio;
            metrics[MetricNames.RewardAccuracy] = report.TrainAccuracy.Share;
            metrics[MetricNames.RewardValidationAccuracy] = report.ValidationAccuracy.Share;
        }

        foreach ((string name, double value) in _reward.Metrics)
            metrics[name] = value;
        Tell(o => o.Updated(Trainer.Update, metrics));
        Film();
    }

    private void Film()
    {
        if (_observer is null)
            return;

        // Of the environment's own length also where queries are about single steps.
        if (_buffer.Peek(_steps, _spec.ClipLength, Run.Id) is { } film)
            Tell(o => o.Filmed(film, _reward.Predict(film)));
    }

    /// <summary>Whether labels can come before the policy acts again: queries stand open, or there is something to ask about.</summary>
    private bool LabelsCome => _gatherer.Open > 0 || HoldsPair;

    /// <summary>Whether two different clips can be cut; one is not compared with itself.</summary>
    private bool HoldsPair => _buffer.Places(_clipLength) > 1;

    /// <summary>Waits until labels and reward model have kept up; in the synchronous mode: brings them up.</summary>
    private void AwaitTurn(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_options.Synchronous)
                CatchUp(cancellation);
            string? reason = Missing();
            _waits.SetPolicy(reason);
            if (reason is null)
                return;
            _waits.Sleep(cancellation);
        }
    }

    private string? Missing()
    {
        // After a resume there is nothing to cut clips from until the policy has acted.
        if (_buffer.Steps == 0)
            return null;
        bool strict = _options.Synchronous || Trainer.Update == 0 || Trainer.Update == Trainer.TotalUpdates - 1;
        int plan = Plan, lag = strict ? 0 : _options.MaxLabelLag ?? Math.Max(1, _options.Labels / 20);
        if (_gatherer.Count < plan - lag && LabelsCome)
            return $"waits for labels: {_gatherer.Count} of {plan}";
        long fits = _fitting.Planned(TrainedSteps), late = strict ? 0 : _options.MaxFitLag;
        return _fitting.Step < fits - late ? $"waits for the reward model: {_fitting.Step} of {fits} fits" : null;
    }

    private void CatchUp(CancellationToken cancellation)
    {
        while (Gather())
            cancellation.ThrowIfCancellationRequested();
        if (_gatherer.Count >= Plan || !LabelsCome)
        {
            while (_fitting.Fit(_gatherer.Labels, TrainedSteps, cancellation))
                Tell(o => o.Changed(Status));
        }
    }

    /// <summary>Looks for answers, asks what is due, lets the oracle answer.</summary>
    /// <returns>Whether anything moved.</returns>
    private bool Gather()
    {
        bool moved = _gatherer.Poll();
        _exchange.Take(_queryEnsemble);
        IReadOnlyList<Query> asked = _buffer.Steps > 0 ? _gatherer.Ask(Plan, _steps, _queryEnsemble) : [];
        if (asked.Count > 0)
            Tell(o => o.Asked(asked));
        return _gatherer.Answer() | moved | asked.Count > 0;
    }

    private void GatherLoop(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            if (Gather())
            {
                _waits.SetQueries(null);
                _waits.Signal();
                Tell(o => o.Changed(Status));
                continue;
            }

            int plan = Plan;
            _waits.SetQueries(
                _gatherer.Open > 0 ? $"wait for labelers: {_gatherer.Open} open"
                : _gatherer.Count >= plan ? "wait for the policy: the plan is met"
                : $"wait for an episode of {_clipLength} steps: the longest of late has {_buffer.Longest}");
            _waits.Sleep(cancellation);
        }
    }

    private void FitLoop(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            // The first labels are the first thing the model sees: it waits until all are there, or 200 epochs would go to the earliest few.
            bool ready = _fitting.Step > 0 || _gatherer.Count >= _options.LabelsAtStart;
            if (ready && _fitting.Fit(_gatherer.Labels, TrainedSteps, cancellation))
            {
                _waits.SetFitting(null);
                _waits.Signal();
                continue;
            }

            _waits.SetFitting(ready ? "waits for the policy: the plan is met" : $"waits for labels: {_gatherer.Count} of {_options.LabelsAtStart}");
            _waits.Sleep(cancellation);
        }
    }

    private static Thread Start(string name, Action body, FailureBox failure)
    {
        var thread = new Thread(() => failure.Guard(body)) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private void Tell(Action<IPreferenceObserver> message)
    {
        if (_observer is null)
            return;
        lock (_observing)
            message(_observer);
    }

    /// <summary>The first error of the threads; it stops the others.</summary>
    private sealed class FailureBox(CancellationTokenSource stop)
    {
        private ExceptionDispatchInfo? _error;

        public ExceptionDispatchInfo? Error => _error;

        public void Guard(Action body)
        {
            try
            {
                body();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // That is how they end.
            }
#pragma warning disable CA1031 // Carried to the thread that started this one, and thrown there.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(error), null);
                stop.Cancel();
            }
        }
    }
}
