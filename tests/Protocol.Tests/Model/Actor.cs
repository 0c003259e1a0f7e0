using System.Runtime.ExceptionServices;

namespace FanOut.Protocol.Tests.Model;

/// <summary>A process of the system: a coroutine whose every call to a server is a step that a scheduler chooses.</summary>
internal abstract class Actor(World world, string name)
{
    private Task? _running;

    public string Name => name;

    public Call? Pending { get; private set; }

    public Session? Session { get; private set; }

    public bool HasFinished => _running is { IsCompleted: true };

    /// <summary>Where a new session leads; the primary, unless a script says otherwise.</summary>
    public Func<Node> Address { get; set; } = () => world.Primary;

    public bool CanStep => Pending is { } call && (call.BlockedBy == 0 || Session is null or { IsEnded: true }
        || Session.Node.StateOf(call.BlockedBy) != TransactionState.InProgress);

    protected World World => world;

    protected Rules Rules => world.Rules;

    public void Start()
    {
        _running = RunAsync();
        ThrowIfFaulted();
    }

    public void Step(CallFate fate = CallFate.Answered)
    {
        var call = Pending!;
        world.Tick();
        world.Note(name, call.Label, fate);
        if (fate != CallFate.Refused)
        {
            try
            {
                call.Make();
            }
            catch (BlockedException blocked) when (!world.IsDeadlock(this, blocked.Xid))
            {
                call.BlockedBy = blocked.Xid;
                return;
            }
            catch (BlockedException)
            {
                Fail(call, "40P01");
            }
            catch (ServerException refused)
            {
                call.Error = refused;
            }
            catch (ProcessKilledException)
            {
                Crash();
                return;
            }
        }

        if (fate == CallFate.CallerDies)
        {
            Crash();
            return;
        }

        if (fate != CallFate.Answered)
        {
            call.Error = new ServerException("connection lost");
            if (call.IsSql)
            {
                Disconnect();
            }
        }

        Resume(call);
    }

    /// <summary>lock_timeout of a statement that waits.</summary>
    public void TimeOut()
    {
        var call = Pending!;
        Fail(call, "55P03");
        Resume(call);
    }

    /// <summary>The process dies and is started again. Its server session ends later: see <see cref="World.Orphans"/>.</summary>
    public void Crash()
    {
        world.Note(name, "dies");
        if (Session is { } session)
        {
            world.Orphans.Add(session);
        }

        (Session, Pending) = (null, null);
        Start();
    }

    protected abstract Task RunAsync();

    /// <summary>A command or a script of Redis.</summary>
    protected Call<T> Redis<T>(string label, Func<RedisServer, T> body) => Post(new Call<T>(label, isSql: false, () => body(world.Redis)));

    protected Call<bool> Redis(string label, Action<RedisServer> body) => Redis(label, redis =>
    {
        body(redis);
        return true;
    });

    /// <summary>A statement in the open transaction, or the first of a new one.</summary>
    protected Call<T> Sql<T>(string label, Func<Transaction, T> body) => Post(new Call<T>(label, isSql: true, () =>
    {
        Session ??= new Session(Address());
        return InTransaction(body);
    }));

    /// <summary>A statement that is a transaction of its own.</summary>
    protected Call<T> Auto<T>(string label, Func<Transaction, T> body) => Sql(label, transaction =>
    {
        var result = body(transaction);
        Session!.Commit();
        return result;
    });

    protected Call<bool> Commit() => Sql("commit", _ =>
    {
        Session!.Commit();
        return true;
    });

    /// <summary>A step that calls no server, but takes time.</summary>
    protected Call<T> Local<T>(string label, Func<T> body) => Post(new Call<T>(label, isSql: false, body));

    protected void RollBack() => Session?.RollBack();

    protected void Disconnect()
    {
        Session?.End();
        Session = null;
    }

    private T InTransaction<T>(Func<Transaction, T> body)
    {
        try
        {
            return body(Session!.Begin());
        }
        catch (ServerException)
        {
            RollBack();
            Session = Session!.IsEnded ? null : Session;
            throw;
        }
    }

    private Call<T> Post<T>(Call<T> call)
    {
        Pending = call;
        return call;
    }

    private void Fail(Call call, string code)
    {
        RollBack();
        call.Error = new ServerException(code);
    }

    private void Resume(Call call)
    {
        Pending = null;
        call.Continue();
        ThrowIfFaulted();
    }

    private void ThrowIfFaulted()
    {
        if (_running?.Exception?.InnerException is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }
    }
}
