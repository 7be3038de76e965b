using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests.Pixels;

/// <summary>The rules of each game, frame by frame.</summary>
public sealed class GameRuleTests
{
    [Test]
    public void Pong_ScoresOnePointABall_UntilTwentyOne()
    {
        using var game = new PongGame();
        game.Start(1);
        float balance = 0, points = 0;
        int frames = 0;
        while (!game.IsOver && frames++ < 100_000)
        {
            // Kept in a corner, the paddle loses.
            float scored = game.Tick(1);
            Assert.That(scored, Is.EqualTo(0).Or.EqualTo(1).Or.EqualTo(-1));
            balance += scored;
            points += Math.Abs(scored);
        }

        Assert.That(game.IsOver);
        Assert.That(balance, Is.LessThan(0));
        Assert.That((points - balance) / 2, Is.EqualTo(21), "points of the machine");
    }

    [Test]
    public void Pong_KeepsBallAndPaddlesInsideTheWalls()
    {
        using var game = new PongGame();
        game.Start(2);
        double[] state = new double[game.StateLength];
        var random = new Random(1);
        for (int i = 0; i < 5000 && !game.IsOver; i++)
        {
            game.Tick(random.Next(3));
            game.Capture(state);
            if (state[0] >= 0)
                Assert.That(state[1], Is.InRange(12, 78));
            Assert.That(state[2], Is.InRange(12, 64));
            Assert.That(state[3], Is.InRange(12, 64));
        }
    }

    [Test]
    public void Breakout_HasFiveBalls()
    {
        using var game = new BreakoutGame();
        game.Start(1);
        Assert.That(game.Lives, Is.EqualTo(5));
        for (int frames = 0; !game.IsOver && frames < 20_000; frames++)
            game.Tick(1);
        Assert.That((game.Lives, game.IsOver), Is.EqualTo((0, true)));
    }

    [Test]
    public void Breakout_PaysForEachBrick_ByItsRow()
    {
        using var game = new BreakoutGame();
        game.Start(3);
        double[] state = new double[game.StateLength];
        game.Capture(state);
        float[] points = [7, 7, 4, 4, 1, 1];
        ulong wall = BitConverter.DoubleToUInt64Bits(state[3]);
        int broken = 0;
        for (int i = 0; i < 8000 && !game.IsOver; i++)
        {
            double from = state[2] + 7, to = state[0] < 0 ? from : state[0] + 1 + (5 * Math.Sin(i / 40));
            float scored = game.Tick(to < from - 1 ? 1 : to > from + 1 ? 2 : 0);
            game.Capture(state);
            ulong left = BitConverter.DoubleToUInt64Bits(state[3]);
            if (left == wall)
            {
                Assert.That(scored, Is.Zero);
                continue;
            }

            // A wall that grows again shows more bricks than before, and pays nothing.
            ulong gone = wall & ~left;
            wall = left;
            float expected = 0;
            for (; gone != 0; gone &= gone - 1, broken++)
                expected += points[System.Numerics.BitOperations.TrailingZeroCount(gone) / 10];
            Assert.That(scored, Is.EqualTo(expected));
        }

        Assert.That(broken, Is.GreaterThan(60), "the whole wall, and bricks of the next");
    }

    [Test]
    public void Breakout_KeepsBallAndPaddleInsideTheWalls()
    {
        using var game = new BreakoutGame();
        game.Start(2);
        double[] state = new double[game.StateLength];
        for (int i = 0; i < 5000 && !game.IsOver; i++)
        {
            double from = state[2] + 4, to = state[0] + 1;
            game.Tick(to < from - 1 ? 1 : to > from + 1 ? 2 : 0);
            game.Capture(state);
            Assert.That(state[2], Is.InRange(2, 68));
            if (state[0] >= 0)
                Assert.That((state[0] is >= 2 and <= 80, state[1] >= 12), Is.EqualTo((true, true)));
        }
    }

    [Test]
    public void Enduro_TakesAPointBack_ForEachCarThatPasses_ButNeverBelowNothing()
    {
        using var game = new EnduroGame();
        game.Start(1);
        float score = 0;
        for (int i = 0; i < 900; i++)
            score += game.Tick(0);
        Assert.That(score, Is.Zero, "a car that stands has nothing to lose");

        int best = 0;
        for (int i = 0; i < 400; i++)
            best = Math.Max(best, (int)(score += game.Tick(i / 20 % 2 == 0 ? 2 : 3)));
        Assert.That(best, Is.GreaterThan(0));
        for (int i = 0; i < 1500; i++)
            score += game.Tick(0);
        Assert.That(score, Is.Zero, "passed by all it had passed");
    }

    [Test]
    public void Enduro_EndsTheGame_WithADayBelowItsQuota()
    {
        using var game = new EnduroGame();
        game.Start(1);
        for (int i = 0; i < 2999; i++)
            game.Tick(0);
        Assert.That(game.IsOver, Is.False);
        game.Tick(0);
        Assert.That(game.IsOver);
    }

    [Test]
    public void Enduro_LosesSpeed_InACollision()
    {
        using var game = new EnduroGame();
        game.Start(1);
        double[] state = new double[game.StateLength];
        double travelled = 0, speed = 0;
        bool crashed = false;
        for (int i = 0; i < 1500 && !crashed; i++)
        {
            game.Tick(1);
            game.Capture(state);
            crashed = speed > 0.3 && state[0] - travelled < speed / 2;
            (speed, travelled) = (state[0] - travelled, state[0]);
        }

        // Straight on, sooner or later there is somebody in the way: a car, or the verge.
        Assert.That(crashed);
    }

    [Test]
    public void Enduro_GetsDark()
    {
        using var game = new EnduroGame();
        game.Start(1);
        double[] state = new double[game.StateLength];
        byte[] day = new byte[84 * 84], night = new byte[84 * 84];
        game.Capture(state);
        game.Draw(state, day);
        state[3] = 0.8;
        game.Draw(state, night);
        Assert.That(night.Average(grey => grey), Is.LessThan(day.Average(grey => grey) / 4));
    }
}
